import { connect } from "node:net";

/**
 * Sends one command to a redis server and takes its answer; stands here for the client library that a real program would use: it knows nothing of msec and
 * wants an address.
 *
 * @throws Error  where the server cannot be reached, does not answer within `timeoutMs`, or refuses
 */
export async function redisCommand(
  place: { readonly address: string; readonly port: number },
  command: readonly string[],
  timeoutMs: number,
): Promise<string> {
  const socket = connect({ host: place.address, port: place.port, timeout: timeoutMs });
  try {
    socket.write(
      `*${command.length}\r\n${command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`,
    );
    socket.on("timeout", () => socket.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    let text = "";
    for await (const chunk of socket) {
      text += String(chunk);
      // Numbers, short texts and errors are one line.
      if (text.endsWith("\r\n")) break;
    }
    if (text === "" || text.startsWith("-"))
      throw new Error(text.slice(1).trim() || "the server closed the connection");
    return text.slice(1).trim();
  } finally {
    socket.destroy();
  }
}
