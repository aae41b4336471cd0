import { listed } from "../errors.ts";
import { namesIn, objectName, roleName, thing, type Tree } from "./names.ts";

/** `grants SELECT on trades to trading_user`. */
export function privileges(tree: Tree): string {
  const { objtype, objects = [], targtype } = tree;
  const names = listed(objects.map(objectName));
  if (targtype === "ACL_TARGET_ALL_IN_SCHEMA") return granted(tree, `all ${thing(objtype)}s in schema ${names}`);
  return granted(tree, objtype === "OBJECT_TABLE" ? names : `${thing(objtype)} ${names}`);
}

/** `grants SELECT on future tables of trading_owner in schema public to trading_user`. */
export function defaultPrivileges({ action, options = [] }: Tree): string {
  const named = (option: string, word: string, nameOf: (item: Tree) => string) => {
    const found = options.find(({ DefElem }: Tree) => DefElem.defname === option)?.DefElem;
    return found ? ` ${word} ${listed(found.arg.List.items.map(nameOf))}` : "";
  };
  const where = named("roles", "of", roleName) + named("schemas", "in schema", objectName);
  return granted(action, `future ${thing(action.objtype)}s${where}`);
}

/** `grants role trading_owner to trading_migrator`. */
export function memberships({ is_grant, granted_roles, grantee_roles, opt = [], behavior }: Tree): string {
  const admin = opt.find(({ DefElem }: Tree) => DefElem.defname === "admin")?.DefElem;
  // REVOKE ADMIN OPTION FOR has the option as false, GRANT ... WITH ADMIN OPTION as true.
  const grant_option = admin && (!is_grant || admin.arg?.Boolean?.boolval === true);
  const roles = listed(granted_roles.map(({ AccessPriv }: Tree) => AccessPriv.priv_name));
  return change({ is_grant, grant_option, behavior, grantees: grantee_roles }, `role ${roles}`);
}

function granted(tree: Tree, on: string): string {
  const names = (tree.privileges ?? []).map(({ AccessPriv }: Tree) => {
    const columns = AccessPriv.cols ? ` (${namesIn(AccessPriv.cols).join(", ")})` : "";
    return `${(AccessPriv.priv_name ?? "all").toUpperCase()}${columns}`;
  });
  return change(tree, `${listed(names) || "all"} on ${on}`);
}

function change({ is_grant, grant_option, behavior, grantees = [] }: Tree, what: string): string {
  const roles = listed(grantees.map(roleName));
  if (is_grant) return `grants ${what} to ${roles}${grant_option ? ", to pass on as well" : ""}`;
  const others = behavior === "DROP_CASCADE" ? ", and from those they passed it on to" : "";
  return `revokes ${grant_option ? "the right to pass on " : ""}${what} from ${roles}${others}`;
}
