import * as pulumi from "@pulumi/pulumi";
import { parseSettings, SettingsError, type Settings } from "./settings.ts";

/**
 * The settings of the stack whose program runs, frozen. The only place that reads Pulumi's configuration.
 * @throws pulumi.RunError, which Pulumi shows without a stack trace
 */
export function loadSettings(): Settings {
  try {
    return parseSettings(pulumi.getStack(), pulumi.runtime.allConfig(), process.env["TRADING_DB_IMAGES"]);
  } catch (error) {
    throw error instanceof SettingsError ? new pulumi.RunError(error.message) : error;
  }
}
