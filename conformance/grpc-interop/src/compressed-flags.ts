import { once } from "node:events";
import { connect } from "node:http2";
import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";

/**
 * Make one call with one request and look at the bytes of its answer, since no library tells whether a message came compressed.
 *
 * @returns for each message of the answer whether it was compressed, and how many bytes it took
 */
export async function compressedFlags<I extends DescMessage>(
  port: number,
  { path, input }: { readonly path: string; readonly input: I },
  request: MessageInitShape<I>,
): Promise<{ readonly isCompressed: boolean; readonly bytes: number }[]> {
  const session = connect(`http://127.0.0.1:${port}`);
  try {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      "grpc-accept-encoding": "identity,gzip",
    });
    const message = toBinary(input, create(input, request));
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([prefix, message]));
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(stream, "end");
    return envelopes(Buffer.concat(chunks));
  } finally {
    session.destroy();
  }
}

function envelopes(bytes: Buffer): { isCompressed: boolean; bytes: number }[] {
  const found: { isCompressed: boolean; bytes: number }[] = [];
  for (let at = 0; at < bytes.length; at += 5 + bytes.readUInt32BE(at + 1)) {
    found.push({ isCompressed: (bytes[at]! & 1) === 1, bytes: bytes.readUInt32BE(at + 1) });
  }
  return found;
}
