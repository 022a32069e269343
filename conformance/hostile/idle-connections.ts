import { connect, type Socket } from "node:net";
import { Peer } from "./peer.ts";
import { request } from "./srpc-bytes.ts";
import { TargetProcess } from "./target/target-process.ts";

/**
 * `node conformance/hostile/idle-connections.ts [connections]`: so many idle connections (10,000) to a listener with default limits, each of
 * which has made one call. Prints what the listener's process holds resident, and ends with status 1 when the connections take 150 MB or more,
 * or a call beside them a second. Needs two open files for each connection (`ulimit -n`); takes about ten seconds.
 */
const count = Number(process.argv[2] ?? 10_000);
const maxBytes = 150_000_000;
const atOnce = 200;

async function idle(port: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => socket.write(request(1)));
  socket.once("data", () => resolve(socket));
  socket.on("error", reject);
  return await promise;
}

await using target = await TargetProcess.start("default");
const sockets: Socket[] = [];
const before = (await target.state()).rss;
while (sockets.length < count) {
  const some = Math.min(atOnce, count - sockets.length);
  sockets.push(...(await Promise.all(Array.from({ length: some }, () => idle(target.port)))));
}
const { rss } = await target.state();
const begun = performance.now();
using peer = await Peer.open(target.port);
peer.send(request(2));
await peer.until(() => peer.answers.length === 1, "a call beside them", 1_000);
const callMs = performance.now() - begun;
console.log(
  `${sockets.length} idle connections: ${(rss / 1e6).toFixed(0)} MB resident (${(before / 1e6).toFixed(0)} MB before), ` +
    `${((rss - before) / count / 1024).toFixed(1)} KiB each; a call beside them took ${callMs.toFixed(1)} ms`,
);
for (const socket of sockets) {
  socket.destroy();
}
process.exitCode = rss - before < maxBytes ? 0 : 1;
