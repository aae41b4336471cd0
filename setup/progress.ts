import { ListrLogger, ListrLogLevels, PRESET_TIMER } from "listr2";

/** Without a terminal a failed step is only marked in the list: what went wrong is told once, in whole, at the end. */
class PlainLogger extends ListrLogger {
  override log(...[level, message, options]: Parameters<ListrLogger["log"]>): void {
    super.log(level, message, level === ListrLogLevels.FAILED ? undefined : options);
  }
}

/** How the steps are shown: alive in a terminal, line by line on standard output elsewhere. */
export const progress = {
  rendererOptions: { collapseSubtasks: false, showErrorMessage: false, timer: PRESET_TIMER },
  fallbackRendererOptions: { logger: new PlainLogger({ useIcons: true }), timer: PRESET_TIMER },
};
