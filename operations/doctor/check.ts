/** What is wrong, and how to mend it. */
export interface Fault {
  /** One sentence that names the value. */
  problem: string;
  /** A command line to paste into a shell of the clone. */
  cure: string;
}

/** One thing to look at. */
export interface Check {
  /** What holds where all is well. */
  name: string;
  /** Undefined where all is well. Changes nothing. */
  look: () => Fault | undefined | Promise<Fault | undefined>;
}

/** The command that makes good what Pulumi declares: it clears what was interrupted, makes what is missing, migrates. */
export const setUp = (stack: string) => `./setup-databases.sh --stack ${stack}`;

/** A command of trading-db on a stack, in a shell that knows neither. */
export const tradingDb = (stack: string, command: string) => `npx trading-db --stack ${stack} ${command}`;

/** Sets a key, and brings the stack to it. */
export const configure = (stack: string, key: string, value: string | number) =>
  `pulumi config set ${key} ${value} --stack ${stack} && ${setUp(stack)}`;
