import { fstatSync } from "node:fs";
import type { Writable } from "node:stream";
import { createLog, type Log as LineLog, withoutSecrets } from "@msec/process";
import { currentContext } from "@msec/rpc";
import { fieldText, Level, type LevelName, type LogFields, type Recorder } from "@msec/telemetry";
import type { DyeRules } from "./dyeing/dye-rules.ts";
import { type CallSite, callSite } from "./log/call-site.ts";

/** Writes lines to one place. Not to be taken apart: `log.info(…)`, never `const { info } = log`. */
export type LogLines = {
  /** For following a program step by step. */
  trace(text: string, fields?: LogFields): void;
  /** For finding a fault. */
  debug(text: string, fields?: LogFields): void;
  /** What happened. */
  info(text: string, fields?: LogFields): void;
  /** Something is odd, but went on: a value was replaced, a call repeated. */
  warn(text: string, fields?: LogFields): void;
  /** Something failed. An `Error` as the field `error` is written with its stack. */
  error(text: string, fields?: LogFields): void;
  /** The program cannot go on. */
  fatal(text: string, fields?: LogFields): void;
};

/** Writes log lines: to standard output, which the agent keeps in a file, and into the telemetry store. */
export type Log = LogLines & {
  /** To the file only. */
  readonly local: LogLines;
  /** Into the store only. */
  readonly remote: LogLines;
  /**
   * Binds a field to the request being served: all of its later lines in this process have it, and a dye rule for it takes effect. Outside a
   * request it does nothing. At most 32 fields.
   */
  set(name: string, value: unknown): void;
};

/** The request that lines belong to: the context of the call itself. */
export type LogRequest = {
  readonly requestId: string;
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly method: string;
  readonly caller: string;
  readonly peer: string;
  dyed: boolean;
};

/** Where a line goes. */
const Destination = { Both: "both", Local: "local", Remote: "remote" } as const;
type Destination = (typeof Destination)[keyof typeof Destination];

const BOUND_FIELDS_MAX = 32;

const UNWRITABLE =
  "this program's log file cannot be written: its lines go to the telemetry store only; if the disk is full, free space on this host";

/** The one log of a program; each request writes through it. */
export class ProgramLog {
  readonly #lines: LineLog;
  readonly #recorder: Recorder;
  readonly #least: number;
  readonly #dyeing: DyeRules;
  readonly #bound = new WeakMap<LogRequest, Record<string, unknown>>();
  #lostLines = 0;

  /** @param least  `[LOG] Level`: lines below it are kept of dyed requests only */
  constructor(options: {
    name: string;
    least: LevelName;
    recorder: Recorder;
    dyeing: DyeRules;
    lines?: LineLog | undefined;
  }) {
    this.#recorder = options.recorder;
    this.#least = Level[options.least];
    this.#dyeing = options.dyeing;
    // Everything passes here: which lines are kept is decided once, in `write`.
    this.#lines =
      options.lines ??
      createLog({
        name: options.name,
        level: "trace",
        to: standardOutput(),
        readable: process.stdout.isTTY === true,
        onUnwritable: (error) => this.write("error", UNWRITABLE, { error }, undefined, Destination.Remote),
        onLost: () => this.#lostLines++,
      });
  }

  /** Lines that the program's file could not take, since the start. */
  get lostLines(): number {
    return this.#lostLines;
  }

  /**
   * Writes a line, if its level or its request says that it is kept.
   *
   * @param request  default: the one being served
   * @param below  the function whose caller wrote the line
   */
  write(
    level: LevelName,
    text: string,
    fields?: LogFields,
    request: LogRequest | undefined = currentContext(),
    destination: Destination = Destination.Both,
    below?: (...args: never[]) => unknown,
  ): void {
    const dyed = request?.dyed === true;
    if (Level[level] < this.#least && !dyed) return;
    const site = below === undefined ? undefined : callSite(below);
    const bound = request && this.#bound.get(request);
    // What TypeScript does not let through JavaScript does: `log.error(error)` in a catch block must not be a second failure.
    const line = typeof text === "string" ? text : lineText(text);
    const own = isError(text) ? { error: text, ...fields } : fields;
    const safe = own === undefined && bound === undefined ? undefined : readableFields(bound, own);
    if (destination !== Destination.Remote) this.#writeLocal(level, line, safe, request, site);
    if (destination === Destination.Local) return;
    this.#recorder.log(
      Level[level],
      line,
      safe,
      request === undefined
        ? site
        : {
            ...site,
            traceId: request.traceId,
            spanId: request.spanId,
            method: request.method,
            caller: request.caller,
            peer: request.peer,
            dyed,
          },
    );
  }

  /** Binds a field to a request; see `Log.set`. */
  bind(name: string, value: unknown, request: LogRequest | undefined = currentContext()): void {
    if (request === undefined) return;
    const bound = this.#bound.get(request) ?? {};
    if (!(name in bound) && Object.keys(bound).length >= BOUND_FIELDS_MAX) return;
    bound[name] = value;
    this.#bound.set(request, bound);
    if (this.#dyeing.hasFields && !request.dyed) {
      if (this.#dyeing.matchesBound(request.caller, name, fieldText(value))) this.#dyeing.dye(request);
    }
  }

  /** A log whose lines belong to a request, or to whichever is being served when they are written. */
  of(request: LogRequest | undefined): Log {
    return new RequestLog(this, request, Destination.Both);
  }

  #writeLocal(
    level: LevelName,
    text: string,
    fields: LogFields | undefined,
    request: LogRequest | undefined,
    site: CallSite | undefined,
  ): void {
    const source = site === undefined || site.source === "" ? undefined : { source: site.source };
    if (request === undefined) {
      this.#lines[level](text, { ...source, ...fields });
      return;
    }
    const { requestId, method, caller, dyed } = request;
    this.#lines[level](text, {
      requestId,
      method,
      ...(caller === "" ? {} : { caller }),
      ...source,
      ...(dyed ? { dyed } : {}),
      ...fields,
    });
  }
}

function isError(text: unknown): text is Error {
  return text instanceof Error;
}

/** An error says itself in a word, and is a field with its stack. */
function lineText(text: unknown): string {
  return fieldText(isError(text) ? `${text.name}: ${text.message}` : text);
}

/** The fields without secrets; a getter that throws, or a proxy that was revoked, must not fail the request. */
function readableFields(bound: LogFields | undefined, own: LogFields | undefined): LogFields {
  try {
    return withoutSecrets({ ...bound, ...own });
  } catch (error) {
    return { ...bound, unreadable: `the fields of this line cannot be read: ${fieldText(error).slice(0, 200)}` };
  }
}

/**
 * Where lines for the file go. A file is written by descriptor: a full disk then fails no caller (see `createLog`). What others write to the streams over it, as `process.stdout.write` does,
 * is lost then, and must not end the process either.
 */
function standardOutput(): Writable | number {
  for (const [descriptor, stream] of [[1, process.stdout] as const, [2, process.stderr] as const]) {
    if (isFile(descriptor) && !stream.listeners("error").includes(ignore)) stream.on("error", ignore);
  }
  return isFile(1) ? 1 : process.stdout;
}

function isFile(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFile();
  } catch {
    // It was closed before we began.
    return false;
  }
}

function ignore(): void {}

class RequestLog implements Log {
  readonly #program: ProgramLog;
  readonly #request: LogRequest | undefined;
  readonly #destination: Destination;

  constructor(program: ProgramLog, request: LogRequest | undefined, destination: Destination) {
    this.#program = program;
    this.#request = request;
    this.#destination = destination;
  }

  trace(text: string, fields?: LogFields): void {
    this.#program.write("trace", text, fields, this.#request, this.#destination, this.trace);
  }
  debug(text: string, fields?: LogFields): void {
    this.#program.write("debug", text, fields, this.#request, this.#destination, this.debug);
  }
  info(text: string, fields?: LogFields): void {
    this.#program.write("info", text, fields, this.#request, this.#destination, this.info);
  }
  warn(text: string, fields?: LogFields): void {
    this.#program.write("warn", text, fields, this.#request, this.#destination, this.warn);
  }
  error(text: string, fields?: LogFields): void {
    this.#program.write("error", text, fields, this.#request, this.#destination, this.error);
  }
  fatal(text: string, fields?: LogFields): void {
    this.#program.write("fatal", text, fields, this.#request, this.#destination, this.fatal);
  }
  set(name: string, value: unknown): void {
    this.#program.bind(name, value, this.#request);
  }
  get local(): LogLines {
    return new RequestLog(this.#program, this.#request, Destination.Local);
  }
  get remote(): LogLines {
    return new RequestLog(this.#program, this.#request, Destination.Remote);
  }
}
