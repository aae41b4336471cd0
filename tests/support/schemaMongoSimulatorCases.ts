import { type Case, type Sound, badTexts } from "./schemaMongoCase.ts";
import { badModels, soundModels } from "./schemaMongoModelCases.ts";

const id = "us_equity_daily@1.0.0";

/** A simulator of each calendar. */
const calendars = [id, "cme_futures@1.0.0", "crypto_spot@1.0.0"];
const badCalendar = { code: "XETR", timezone: "Europe/Berlin", session: "night", periods_per_year: 260 };

export const simulatorNonsense: Case[] = [
  [id, { _id: "us_equity_daily@2.0.0" }, ["clause 1"]],
  [id, { schema_version: 2 }, ["schema_version: enum"]],
  [id, { name: "US", _id: "US@1.0.0" }, ["name: pattern"]],
  [id, { version: "v1", _id: "us_equity_daily@v1" }, ["version: pattern"]],
  [id, { status: "draft" }, ["clause 2"]],
  [id, { status: "final" }, ["status: enum", "clause 2"]],
  [id, { asset_class: "art" }, ["asset_class: enum"]],
  [id, { "engine.mode": "quantum" }, ["engine.mode: enum"]],
  [id, { "engine.oms_type": "hedging" }, ["engine.oms_type: enum"]],
  [id, { "engine.book_type": "L4" }, ["engine.book_type: enum"]],
  [id, { "engine.fill_matching": "random" }, ["engine.fill_matching: enum"]],
  ...badModels.map(([field, model, rule]): Case => [id, { [field]: model }, [`${field}${rule}`]]),
  ...calendars.flatMap((each) =>
    Object.entries(badCalendar).map(([field, value]): Case => [
      each,
      { [`calendar.${field}`]: value },
      ["calendar: oneOf"],
    ]),
  ),
  [id, { "risk_free.rate": 4 }, ["risk_free.rate: maximum"]],
  [id, { "risk_free.rate": -1.1 }, ["risk_free.rate: minimum"]],
  [id, { content_hash: "0" }, ["content_hash: pattern"]],
  ...badTexts(id, "description", "risk_free.source", "created_by", "changelog"),
];

export const simulatorSound: Sound[] = [
  ...Object.entries(soundModels).flatMap(([field, models]) => models.map((model): Sound => [id, { [field]: model }])),
  [id, { changelog: "First version." }],
];
