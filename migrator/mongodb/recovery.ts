import { docker, scrub } from "../docker.ts";
import { MigrationError, messageOf } from "../errors.ts";

export interface MongoRecoveryRequest {
  /** The data volume, whose folder `current` holds the data. */
  volume: string;
  /** Image of the server that last ran on it. */
  image: string;
  /** Address of the server in its replica set: `mongodb:27017`. */
  replicaSetMember: string;
  /** The root user: made if it is missing. */
  user: string;
  /** Secret. */
  password: string;
}

/**
 * The server asks for no password here, so it runs on a volume that nobody else uses, in a container without network.
 * It becomes the primary of its set, under its own name: a password that was set behind the set's back would be undone
 * after a kill, when the set's log is replayed. Only where the set was never made it runs alone. A server that was shut
 * down frees its folder before its port, so the next one waits until its process is gone.
 */
const script = `
set -eu
exec >&2
data=/data/db/current
log=/tmp/recovery.log
credentials=$(cat)
[ -e "$data/WiredTiger" ] || { echo "the volume has no MongoDB data in its folder current"; exit 1; }
start() { mongod --dbpath "$data" --bind_ip 127.0.0.1 --fork --logpath "$log" "$@" >/dev/null || { tail -n 5 "$log"; exit 1; }; }
stop() {
  pid=$(cat "$data/mongod.lock")
  mongod --dbpath "$data" --shutdown >/dev/null
  while [ -e "/proc/$pid" ]; do sleep 0.05; done
}
shell() { mongosh --quiet --norc --host 127.0.0.1 admin --eval "$1"; }
start --replSet rs0
if [ "$(shell 'db.hello().isreplicaset')" = true ]; then stop; start; fi
shell '
  const { user, password: pwd } = JSON.parse(require("fs").readFileSync(0, "utf8"));
  const isPrimary = () => db.hello().isWritablePrimary;
  for (let tries = 0; tries < 300 && !isPrimary(); tries++) sleep(100);
  if (!isPrimary()) throw new Error("it did not become primary of rs0 in 30 s: is replicaSetMember its address?");
  const roles = [{ role: "root", db: "admin" }];
  if (db.getUser(user)) db.updateUser(user, { pwd, roles }); else db.createUser({ user, pwd, roles });
' <<<"$credentials" >/dev/null
stop`;

/**
 * Sets the password of the root user on the volume of a stopped server: the way back when the password is lost, or the
 * first start was killed before the user was made. No data are touched but that user's. To be run only when asked for
 * by name; afterwards the server is started as usual.
 * @throws MigrationError while a container uses the volume, when the volume holds no data, or when mongod refuses it.
 */
export async function resetMongoRootPassword(request: MongoRecoveryRequest): Promise<void> {
  const { volume, image, replicaSetMember, user, password } = request;
  const users = await docker(["ps", "--filter", `volume=${volume}`, "--format", "{{.Names}}"]);
  if (users.trim()) {
    throw new MigrationError(
      `The container ${users.trim().replaceAll("\n", ", ")} uses the volume ${volume}. Nothing was changed. ` +
        `Stop it first: docker stop ${users.trim().replaceAll("\n", " ")}`,
    );
  }
  // Docker would make a volume that does not exist.
  await docker(["volume", "inspect", volume]).catch((cause) => {
    throw new MigrationError(`There is no volume ${volume}. Nothing was changed.`, { cause });
  });
  const [name] = replicaSetMember.split(":");
  const options = [
    ...["--rm", "--interactive", "--pull", "never", "--user", "999:999"],
    ...["--network", "none", "--add-host", `${name}:127.0.0.1`],
    ...[
      "--cap-drop",
      "ALL",
      "--security-opt",
      "no-new-privileges",
      "--read-only",
      "--tmpfs",
      "/tmp",
      "--env",
      "HOME=/tmp",
    ],
    ...["--volume", `${volume}:/data/db`, "--entrypoint", "/bin/bash"],
  ];
  try {
    await docker(["run", ...options, image, "-c", script], JSON.stringify({ user, password }), 300);
  } catch (cause) {
    throw new MigrationError(
      `The password of ${user} could not be set on the volume ${volume}: ${scrub(messageOf(cause), [password])}. ` +
        `Mend that, and run the same command again.`,
      { cause },
    );
  }
}
