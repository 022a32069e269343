import net from "node:net";
import { parseArgs } from "node:util";
import { processSeconds } from "../../lib/process-time.ts";

// The ceiling of Node: no message, no promise, no call. As many bytes as an SRPC frame of the same echo has (10 of frame, 35 of head,
// 102 of body); whatever whole frames a read completes are sent again in one write.
const FRAME_BYTES = 147;
const { values } = parseArgs({
  options: {
    port: { type: "string" },
    connections: { type: "string", default: "1" },
    outstanding: { type: "string", default: "1" },
    warmup: { type: "string", default: "700" },
    measure: { type: "string", default: "1500" },
    "server-pid": { type: "string" },
  },
});
const outstanding = Number(values.outstanding);
const serverPid = values["server-pid"] === undefined ? undefined : Number(values["server-pid"]);
const frames = Buffer.alloc(FRAME_BYTES * outstanding, 0x61);
let echoed = 0;

for (let i = 0; i < Number(values.connections); i++) {
  const socket = net.connect({ port: Number(values.port), host: "127.0.0.1", noDelay: true });
  let received = 0;
  socket.on("data", (chunk) => {
    received += chunk.length;
    const whole = Math.floor(received / FRAME_BYTES);
    received -= whole * FRAME_BYTES;
    echoed += whole;
    if (whole > 0) socket.write(frames.subarray(0, whole * FRAME_BYTES));
  });
  socket.on("connect", () => socket.write(frames));
}
setTimeout(() => {
  echoed = 0;
  const start = performance.now();
  const cpu = process.cpuUsage();
  const serverCpu = processSeconds(serverPid);
  setTimeout(() => {
    const seconds = (performance.now() - start) / 1000;
    const used = process.cpuUsage(cpu);
    const callsPerSecond = Math.round(echoed / seconds);
    const meanUs = Math.round(((Number(values.connections) * outstanding) / callsPerSecond) * 1e6);
    const result = {
      callsPerSecond,
      p50Us: meanUs,
      p99Us: meanUs,
      clientCpuSeconds: (used.user + used.system) / 1e6,
      serverCpuSeconds: processSeconds(serverPid) - serverCpu,
      calls: echoed,
      errors: 0,
    };
    process.stdout.write(`${JSON.stringify(result)}\n`);
    process.exit(0);
  }, Number(values.measure));
}, Number(values.warmup));
