import type { Writable } from "node:stream";
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";
import { type LineFileListener, lineFile } from "./line-file.ts";
import { readableLine } from "./readable-line.ts";
import { secretPaths } from "./secret-fields.ts";

/** The levels of a program's own log, least first. */
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

/** A level of a program's own log. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Facts that go with a line; secrets among them are replaced (see `SECRET_FIELDS`). */
export type LogFields = Readonly<Record<string, unknown>>;

/** A program's own log. An `Error` under the key `error` is written with its stack and its causes. */
export interface Log {
  trace(text: string, fields?: LogFields): void;
  debug(text: string, fields?: LogFields): void;
  info(text: string, fields?: LogFields): void;
  warn(text: string, fields?: LogFields): void;
  error(text: string, fields?: LogFields): void;
  fatal(text: string, fields?: LogFields): void;
  /** The same log with facts added to each of its lines. */
  child(fields: LogFields): Log;
}

/** Where a log goes and how much of it. */
export interface LogOptions {
  /** The program: `server`, `agent`, … */
  readonly name: string;
  /** Default `info`. */
  readonly level?: LogLevel;
  /** A stream, or a file's path or descriptor; default standard error. */
  readonly to?: Writable | string | number;
  /** Text for people instead of JSON lines; default: whether standard error is a terminal, and `to` is not given. */
  readonly readable?: boolean;
  /** The file cannot be written, for the first time since it could: the disk is full. Not told of a stream. */
  readonly onUnwritable?: (error: Error) => void;
  /** A line is lost because the file cannot be written. Not told of a stream. */
  readonly onLost?: () => void;
}

/**
 * Make a program's own log: one JSON line an event (time as ISO 8601 UTC), or text where a person reads along.
 *
 * Lines are written synchronously: the last ones before a crash are the ones that matter, and a daemon writes few. A file that cannot be written fails nobody: see `lineFile`; a line
 * that says how many are missing follows when it can be written again.
 */
export function createLog(options: LogOptions): Log {
  const readable = options.readable ?? (options.to === undefined && process.stderr.isTTY === true);
  const target = targetStream(options.to ?? 2, {
    onUnwritable: options.onUnwritable ?? (() => {}),
    onLost: options.onLost ?? (() => {}),
    onWritable: (lost) => {
      if (lost > 0)
        logger.warn({ lines: lost }, "lines are missing here: this file could not be written; was the disk full?");
    },
  });
  const stream = readable ? readableStream(target) : target;
  const logger: Logger = pino(
    {
      name: options.name,
      level: options.level ?? "info",
      // pid and hostname in each line are noise on one host; the agent knows them.
      base: {},
      formatters: { level: (label) => ({ level: label }) },
      timestamp: stdTimeFunctions.isoTime,
      redact: { paths: [...secretPaths()], censor: "[secret]" },
      serializers: { error: pino.stdSerializers.errWithCause, err: pino.stdSerializers.errWithCause },
    },
    stream,
  );
  return logFrom(logger);
}

function targetStream(to: Writable | string | number, listener: LineFileListener): Writable | DestinationStream {
  return typeof to === "string" || typeof to === "number" ? lineFile(to, listener) : to;
}

function readableStream(target: Writable | DestinationStream): DestinationStream {
  return { write: (line) => void target.write(`${readableLine(line.trimEnd())}\n`) };
}

function logFrom(logger: Logger): Log {
  return {
    trace: (text, fields = {}) => logger.trace(fields, text),
    debug: (text, fields = {}) => logger.debug(fields, text),
    info: (text, fields = {}) => logger.info(fields, text),
    warn: (text, fields = {}) => logger.warn(fields, text),
    error: (text, fields = {}) => logger.error(fields, text),
    fatal: (text, fields = {}) => logger.fatal(fields, text),
    child: (fields) => logFrom(logger.child(fields)),
  };
}
