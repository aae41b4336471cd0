import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A folder with a `docker` to stand first in PATH. It lets so many renames of a restore's switch happen, and then kills the
 * process group of who asked for them. To be removed by the caller.
 */
export function cuttingDocker(renames: number): string {
  const folder = mkdtempSync(join(tmpdir(), "docker-"));
  const program = join(folder, "docker");
  writeFileSync(
    program,
    `#!/bin/bash
docker=$(PATH=\${PATH#*:} command -v docker)
script=\${!#}
[[ $script == *'mv -T "$v/current"'* ]] || exec "$docker" "$@"
"$docker" "\${@:1:$#-1}" 'n=0; mv() { [ $n -lt ${renames} ] || exit 0; n=$((n + 1)); command mv "$@"; }; '"$script"
kill -KILL 0
`,
  );
  chmodSync(program, 0o755);
  return folder;
}
