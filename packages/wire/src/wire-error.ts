/**
 * Why bytes could not be read, or a value could not be written.
 *
 * Machine-readable: callers match on it, never on the message.
 */
export const WireReason = {
  /** The bytes end inside a value. */
  Truncated: "truncated",
  /** A varint longer than the ten bytes that 64 bits need. */
  OverlongVarint: "overlong-varint",
  /** Field number 0, above 2^29-1, or a wire type that does not exist. */
  BadTag: "bad-tag",
  /** A length that reaches past the end of what encloses it. */
  BadLength: "bad-length",
  /** A group that is not closed, or closed by another field's number. */
  BadGroup: "bad-group",
  /** A string field that must be UTF-8 and is not. */
  BadUtf8: "bad-utf8",
  /** Messages or groups nested deeper than 100. */
  TooDeep: "too-deep",
  /** A required field is absent. */
  MissingField: "missing-field",
  /** A limit of this implementation is passed: head text, metadata, frame, or buffer. */
  TooLarge: "too-large",
  /** A value of the wrong type or out of the range of its field. */
  BadValue: "bad-value",
  /** Broken in a way that the codec of the library (see `compileCodec`) does not tell apart. */
  Malformed: "malformed",
} as const;
export type WireReason = (typeof WireReason)[keyof typeof WireReason];

/**
 * Thrown by everything in this package that reads or writes bytes.
 *
 * `message` says what was expected and found; it carries no user data except field names, lengths and the offending number.
 */
export class WireError extends Error {
  readonly reason: WireReason;

  constructor(reason: WireReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "WireError";
    this.reason = reason;
  }
}
