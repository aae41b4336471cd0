/** An error for people: its message says what is wrong, why, and which command mends it. It is shown without a stack trace. */
export class UserError extends Error {
  override readonly name = "UserError";
}

/** A Pulumi command failed. Its message has what went wrong, not all that Pulumi printed. */
export class PulumiError extends UserError {
  constructor(finished: { stdout: string; stderr: string }, command: string) {
    super(describe(finished, command));
  }
}

/** What people are told of an error, of one of Pulumi's Automation API, too, which holds all that Pulumi printed. */
export function tell(error: Error): string {
  if (!("commandResult" in error)) return error.message;
  const finished = error.commandResult as { stdout: string; stderr: string };
  return describe(finished, /Command failed with exit code \d+: (.+)/.exec(finished.stderr)?.[1] ?? "pulumi");
}

function describe({ stdout, stderr }: { stdout: string; stderr: string }, command: string): string {
  if (/spawn pulumi ENOENT/.test(stderr)) return "Pulumi was not found. Set this clone up: ./setup-databases.sh";
  if (/incorrect passphrase/.test(stderr)) {
    return (
      "The passphrase does not open this stack's state. Name the one that it was made with in PULUMI_CONFIG_PASSPHRASE or " +
      "PULUMI_CONFIG_PASSPHRASE_FILE; the generated one is in .trading-db/passphrase of the clone that made the stack."
    );
  }
  const problems = `${stdout}\n${stderr}`.split("\n").flatMap((line) => /(?:^|\s)error: (.+)/.exec(line)?.[1] ?? []);
  return `${[...new Set(problems)].join("\n") || "Pulumi failed without a reason."}\nSee all of it: ${command}`;
}
