import { Peer } from "../hostile/peer.ts";
import { methodName, request } from "../hostile/srpc-bytes.ts";
import { TargetProcess } from "../hostile/target/target-process.ts";
import { keepInput, readCorpus } from "./corpus.ts";
import type { FuzzReport } from "./fuzz.ts";
import { mutate } from "./mutate.ts";
import { Random } from "./random.ts";

const post = (body: string, headers = "") =>
  Buffer.from(
    `POST /x?methodName=${methodName("Echo")} HTTP/1.1\r\nhost: x\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );

const seeds: readonly Uint8Array[] = [
  post("{}"),
  post('{"text":"\\ud83d\\ude00","number":-1,"big":"18446744073709551615","numbers":[1,2],"map":{"a":"b"}}'),
  post('{"children":[{"children":[{"data":"aGk="}]}],"ratio":"NaN"}', "caller: A.b\r\n"),
  Buffer.from(
    `POST /?methodName=${methodName("Echo")} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
  ),
  Buffer.concat([post("{}"), post("{}")]),
  Buffer.from("GET /list HTTP/1.1\r\nhost: x\r\n\r\n"),
];
const atOnce = 16;
const hangMs = 1_000;
const maxGrowthBytes = 16 * 1024 * 1024;

/**
 * HTTP+JSON over real connections to a listener in a process of its own: each input on its own connection, followed by the end of our side.
 * The connection must end within a second (an unfinished request: within the target's short time-outs), without a stack trace; the
 * process must live, answer good calls, and have its live memory back.
 */
export async function fuzzHttp(seed: number, inputs: number, first = 0): Promise<FuzzReport> {
  const begun = performance.now();
  await using target = await TargetProcess.start("tight");
  const all = [...seeds, ...readCorpus("http")];
  const inputOf = (index: number) => {
    const random = Random.of(seed, index);
    return all[index] ?? mutate(random.pick(all), all, random);
  };
  let next = first;
  let failure: string | undefined;
  let slowestMs = 0;
  let live = 0;
  const lane = async () => {
    while (next < first + inputs && failure === undefined) {
      const index = next++;
      const input = inputOf(index);
      const startedMs = performance.now();
      const reason = await attempt(target, input);
      slowestMs = Math.max(slowestMs, performance.now() - startedMs);
      if (index === first + Math.ceil(inputs / 10)) {
        live = (await target.state()).liveBytes;
      }
      if (reason !== undefined) {
        const path = keepInput("http", input);
        failure ??= `input ${index} of seed ${seed}: ${reason}\n${Buffer.from(input).toString("hex")}\nkept in ${path}`;
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  failure ??= await attempt(target, request(1));
  const state = await target.state();
  const grownBytes = live === 0 ? 0 : state.liveBytes - live;
  if (grownBytes > maxGrowthBytes) {
    failure ??= `memory grew by ${Math.round(grownBytes / 1048576)} MiB over the run`;
  }
  if (state.polluted) {
    failure ??= "a prototype was changed";
  }
  const seconds = (performance.now() - begun) / 1_000;
  return { target: "http", seed, inputs: next - first, seconds, slowestMs, grownBytes, failure };
}

/** @returns what went wrong */
async function attempt(target: TargetProcess, input: Uint8Array): Promise<string | undefined> {
  try {
    using peer = await Peer.open(target.port);
    peer.send(input);
    peer.socket.end();
    // The target's own limits (0.4 and 0.8 s, 1 s of linger) and a busy machine.
    await peer.until(() => peer.closed, "closed", 3 * hangMs);
    if (/\bat .*\.(ts|js):\d|node_modules|node:internal/.test(peer.received.toString("latin1"))) {
      return "a stack trace in the answer";
    }
    return target.isAlive && target.output === "" ? undefined : `the process: ${target.output || "ended"}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
