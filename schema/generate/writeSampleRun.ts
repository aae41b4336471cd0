// node schema/generate/writeSampleRun.ts, in the project folder: writes the dev seed of PostgreSQL.
import { writeFileSync } from "node:fs";
import { sampleRun } from "./sampleRun.ts";

writeFileSync("schema/postgresql/seeds/dev/0001_sample_run.sql", sampleRun());
