import stream from "@tars/stream";

/** The servant under which both ends know the echo. */
export const SERVANT = "Bench.EchoServer.EchoObj";

/** The arguments of `string echo(string message)`, as tars2node would write them. */
export function encodeArguments(message: string): unknown {
  const output = new stream.TarsOutputStream();
  output.writeString(1, message);
  return output.getBinBuffer();
}

/** The result of `echo`, as tars2node would write it. */
export function encodeResult(message: string): unknown {
  const output = new stream.TarsOutputStream();
  output.writeString(0, message);
  return output.getBinBuffer();
}

/** The string at `tag`. */
export function decodeString(buffer: unknown, tag: number): string {
  return new stream.TarsInputStream(buffer).readString(tag, true, "");
}
