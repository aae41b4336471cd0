/** One session of the New York Stock Exchange. */
export interface Session {
  open: Date;
  close: Date;
}

/** Weekdays without trading, and those that close at 13:00 New York time, from October 2022 to 2024. */
const holidays = new Set([
  ...[
    "2022-11-24",
    "2022-12-26",
    "2023-01-02",
    "2023-01-16",
    "2023-02-20",
    "2023-04-07",
    "2023-05-29",
    "2023-06-19",
    "2023-07-04",
  ],
  ...["2023-09-04", "2023-11-23", "2023-12-25", "2024-01-01", "2024-01-15", "2024-02-19", "2024-03-29", "2024-05-27"],
  ...["2024-06-19", "2024-07-04", "2024-09-02", "2024-11-28", "2024-12-25"],
]);
const earlyCloses = new Set(["2022-11-25", "2023-07-03", "2023-11-24", "2024-07-03", "2024-11-29", "2024-12-24"]);

const millisecondsInADay = 86_400_000;

/**
 * The sessions of a span of days, both included.
 * @param first @param last ISO dates from 2022-10-01 to 2024-12-31: holidays of other years are not known here.
 */
export function sessions(first: string, last: string): Session[] {
  const result: Session[] = [];
  for (let time = Date.parse(first); time <= Date.parse(last); time += millisecondsInADay) {
    const day = new Date(time);
    const date = day.toISOString().slice(0, 10);
    if (day.getUTCDay() % 6 === 0 || holidays.has(date)) continue;
    result.push({
      open: newYork(day, 9, 30),
      close: newYork(day, earlyCloses.has(date) ? 13 : 16, 0),
    });
  }
  return result;
}

/** Daylight saving lasts from the second Sunday of March to the first of November; no session is open at the change. */
function newYork(day: Date, hour: number, minute: number): Date {
  const year = day.getUTCFullYear();
  const summer = day >= sunday(year, 2, 8) && day < sunday(year, 10, 1);
  return new Date(day.getTime() + ((hour + (summer ? 4 : 5)) * 60 + minute) * 60_000);
}

/** The first Sunday at or after a day of a month (0 = January). */
function sunday(year: number, month: number, from: number): Date {
  const weekday = new Date(Date.UTC(year, month, from)).getUTCDay();
  return new Date(Date.UTC(year, month, from + ((7 - weekday) % 7)));
}
