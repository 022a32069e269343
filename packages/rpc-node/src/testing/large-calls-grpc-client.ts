import { type ClientHttp2Session, connect } from "node:http2";

/**
 * The program `large-calls-grpc-client.ts <port> <method> <calls> <connections> <pause>`: `large-calls-client.ts` with gRPC, all calls outstanding at once
 * over so many HTTP/2 connections. The bodies are one buffer that all calls share, so that what memory they take is the server's affair alone.
 */
const [port = 0, , calls = 0, connections = 0, pauseMs = 0] = process.argv.slice(2).map(Number);
const method = process.argv[3] as "echo" | "text" | "slow";
const megabyte = 1024 * 1024;
const cell = new Int32Array(new SharedArrayBuffer(4));
const errors = new Map<string, number>();
let answered = 0;

/** Field 1 (`EchoMessage.message`, and unknown to `TextMessage`), length-delimited, of about a megabyte, and `TextMessage.number`, which is required, as an envelope. */
function envelope(bytes: number): Buffer {
  if (bytes === 0) {
    return Buffer.alloc(5);
  }
  const message = Buffer.alloc(bytes + 6, 0x61);
  message.set([0x0a, 0x80 | (bytes & 0x7f), 0x80 | ((bytes >> 7) & 0x7f), (bytes >> 14) & 0x7f]);
  message.set([16, 1], bytes + 4);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

const body = envelope(method === "slow" ? 0 : megabyte);
const path = `/echo.EchoService/${method[0]!.toUpperCase()}${method.slice(1)}`;

function call(session: ClientHttp2Session): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
  });
  let status = "no status";
  const take = (headers: Record<string, unknown>) => {
    if (headers["grpc-status"] !== undefined) {
      status = `${headers["grpc-status"]} ${headers["grpc-message"] ?? ""}`.trim();
    }
  };
  stream.on("response", take);
  stream.on("trailers", take);
  stream.on("error", (error) => {
    status = error.message;
  });
  stream.on("data", () => {});
  stream.on("close", () => {
    if (status === "0") {
      answered++;
    } else {
      errors.set(status, (errors.get(status) ?? 0) + 1);
    }
    if (pauseMs > 0) {
      // Asleep, and not only idle: nothing is read meanwhile.
      Atomics.wait(cell, 0, 0, pauseMs);
    }
    resolve();
  });
  stream.end(body);
  return promise;
}

const sessions = Array.from({ length: connections }, () =>
  connect(`http://127.0.0.1:${port}`, { maxSessionMemory: 4_000 }),
);
for (const session of sessions) {
  session.on("error", () => {});
}
await Promise.all(Array.from({ length: calls }, (_, at) => call(sessions[at % sessions.length]!)));
for (const session of sessions) {
  session.close();
}
process.send!({ answered, refused: 0, grownBytes: 0, errors: Object.fromEntries(errors) }, () => process.disconnect());
