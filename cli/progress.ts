import { Listr } from "listr2";

/**
 * Shows what a long command is at: alive in a terminal, line by line elsewhere, not at all for programs.
 * @param act gets what to call with each new sentence
 */
export async function withProgress<T>(
  asJson: boolean,
  act: (tell: (sentence: string) => void) => Promise<T>,
): Promise<T> {
  if (asJson || !process.stdout.isTTY) return act((sentence) => asJson || console.log(`… ${sentence}`));
  let result: T;
  const list = new Listr(
    [
      {
        title: "beginning",
        task: async (_, task) => {
          result = await act((sentence) => (task.title = sentence));
        },
      },
    ],
    { registerSignalListeners: false, rendererOptions: { showErrorMessage: false, clearOutput: true } },
  );
  await list.run();
  return result!;
}
