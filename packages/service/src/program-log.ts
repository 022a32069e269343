import { createLog, type Log as LineLog, withoutSecrets } from "@msec/process";
import { Level, type LevelName, type LogFields, type Recorder } from "@msec/telemetry";

/** Writes log lines: to standard output, which the agent keeps in a file, and into the telemetry store. */
export type Log = {
  /** For following a program step by step. */
  trace(text: string, fields?: LogFields): void;
  /** For finding a fault. */
  debug(text: string, fields?: LogFields): void;
  /** What happened. */
  info(text: string, fields?: LogFields): void;
  /** Something failed. An `Error` as the field `error` is written with its stack. */
  error(text: string, fields?: LogFields): void;
  /** The program cannot go on. */
  fatal(text: string, fields?: LogFields): void;
};

/** The request that lines belong to. */
export type LogRequest = {
  readonly requestId: string;
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly method: string;
};

/** The one log of a program; each request writes through it. */
export class ProgramLog {
  readonly #lines: LineLog;
  readonly #recorder: Recorder;
  readonly #least: number;

  /** @param least  `[LOG] Level`: lines below it are not kept */
  constructor(options: { name: string; least: LevelName; recorder: Recorder; lines?: LineLog | undefined }) {
    this.#recorder = options.recorder;
    this.#least = Level[options.least];
    // Everything passes here: which lines are kept is decided once, in `write`.
    this.#lines =
      options.lines ??
      createLog({ name: options.name, level: "trace", to: process.stdout, readable: process.stdout.isTTY === true });
  }

  write(level: LevelName, text: string, fields: LogFields | undefined, request: LogRequest | undefined): void {
    if (Level[level] < this.#least) return;
    const safe = fields === undefined ? undefined : withoutSecrets(fields);
    this.#lines[level](
      text,
      request === undefined ? safe : { requestId: request.requestId, method: request.method, ...safe },
    );
    this.#recorder.log(Level[level], text, safe, request);
  }

  /** A log whose lines belong to a request, or to none. */
  of(request: LogRequest | undefined): Log {
    const at = (level: LevelName) => (text: string, fields?: LogFields) => this.write(level, text, fields, request);
    return { trace: at("trace"), debug: at("debug"), info: at("info"), error: at("error"), fatal: at("fatal") };
  }
}
