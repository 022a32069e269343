/** The exceptions of ClickHouse that the engine raises itself, with ClickHouse's numbers and names. */
export const ExceptionCode = {
  NotImplemented: [48, "NOT_IMPLEMENTED"],
  SyntaxError: [62, "SYNTAX_ERROR"],
  UnknownSetting: [115, "UNKNOWN_SETTING"],
  ReadOnly: [164, "READONLY"],
  TooManySimultaneousQueries: [202, "TOO_MANY_SIMULTANEOUS_QUERIES"],
  QueryIsTooLarge: [219, "QUERY_IS_TOO_LARGE"],
  CannotDecompress: [271, "CANNOT_DECOMPRESS"],
  BadRequestParameter: [376, "BAD_REQUEST_PARAMETER"],
  UnknownFormat: [73, "UNKNOWN_FORMAT"],
  Aborted: [236, "ABORTED"],
  Unknown: [1002, "UNKNOWN_EXCEPTION"],
} as const;
export type ExceptionCode = (typeof ExceptionCode)[keyof typeof ExceptionCode];

/** A failed statement, in the terms in which ClickHouse reports it over HTTP. */
export class EngineException extends Error {
  override readonly name = "EngineException";
  /** ClickHouse's number, e.g. 62 for a syntax error. */
  readonly code: number;

  constructor(code: ExceptionCode | number, message: string) {
    super(typeof code === "number" ? message : `Code: ${code[0]}. DB::Exception: ${message} (${code[1]})`);
    this.code = typeof code === "number" ? code : code[0];
  }
}

/** Whatever was thrown, as an exception of ClickHouse; one from chdb keeps its number and text. */
export function engineException(error: unknown): EngineException {
  if (error instanceof EngineException) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = /Code: (\d+)\./.exec(message)?.[1];
  if (code !== undefined) return new EngineException(Number(code), message.slice(message.indexOf("Code: ")));
  return new EngineException(ExceptionCode.Unknown, message);
}

// As exceptionCodeToHTTPStatus() of ClickHouse (src/Server/HTTP/exceptionCodeToHTTPStatus.cpp), the codes that can occur here.
const statusOfCode = new Map<number, number>([
  ...[6, 26, 27, 34, 36, 38, 41, 42, 43, 53, 62, 69, 70, 72, 117, 130, 131, 271, 376, 456, 457].map(
    (code) => [code, 400] as const,
  ),
  ...[16, 46, 47, 50, 56, 60, 63, 73, 81, 115].map((code) => [code, 404] as const),
  [159, 408],
  [219, 413],
  [48, 501],
  [202, 503],
  [236, 503],
]);

/**
 * The HTTP status for an exception.
 *
 * @param code ClickHouse's number
 * @returns 500 for all that have no status of their own
 */
export function statusOfException(code: number): number {
  return statusOfCode.get(code) ?? 500;
}
