import type { ResourceType } from "./kinds.ts";

/**
 * The text of the provider of one type of dynamic resource. Pulumi keeps it in its state, and runs it in a process of
 * its own whose folder is the project's: there it loads the real code, whenever one of its methods is called.
 *
 * Pulumi can make such a text from an object (`pulumi.dynamic.Resource`), with all that the object mentions copied into
 * it by value. This one is written out, so that nothing can slip in (a module, a class, a secret), that it changes when
 * it is meant to and not with the compiler, and that no program has to load the copier, which takes a quarter of a second.
 *
 * There is no `delete`: what the migrator made goes with the volume, and `destroy` must not need a live database.
 */
export function shell(type: ResourceType): string {
  return `
const load = () => require("./provider/resources.ts");
exports.handler = () => ({
  check: async (olds, news) => load().check("${type}", olds, news),
  diff: async (id, olds, news) => load().diff("${type}", olds, news),
  create: async (inputs) => load().create("${type}", inputs),
  update: async (id, olds, news) => load().update("${type}", news, olds),
  read: async (id, state) => load().read("${type}", id, state),
});
`;
}
