/**
 * How grave a log line is, least grave first: the original's five levels and `warn`, each with the first number of its range among OpenTelemetry's severity numbers.
 *
 * This is the table; the enumeration of `telemetry.proto`, the store's, those of a program's own log and of the console are compared with it by tests.
 *
 * @see https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
 */
export const Level = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 } as const;
/** How grave a log line is: `msec.telemetry.v1.Level`. */
export type Level = (typeof Level)[keyof typeof Level];

/** The name of a level, as in `Level`. */
export type LevelName = keyof typeof Level;

/** The names of the levels, least grave first. */
export const levelNames = Object.keys(Level) as LevelName[];

const gravestFirst = levelNames.toReversed();

/** The level that a severity number belongs to: the one at or below it; of 0 and less the least grave. */
export function levelName(number: number): LevelName {
  return gravestFirst.find((name) => Level[name] <= number) ?? "trace";
}

/** The level of a name in any spelling of capitals, such as the original's `ERROR`; `undefined`: there is none of that name. */
export function levelNamed(text: string): LevelName | undefined {
  const name = text.toLowerCase();
  return Object.hasOwn(Level, name) ? (name as LevelName) : undefined;
}
