import { goodCalls } from "../hostile/good-calls.ts";
import { methodName } from "../hostile/srpc-bytes.ts";
import { TargetProcess } from "../hostile/target/target-process.ts";
import { keepInput, readCorpus } from "./corpus.ts";
import type { FuzzReport } from "./fuzz.ts";
import { HttpFuzzConnection } from "./http-connection.ts";
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
  Buffer.from(
    'POST /target.Target/Echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnect-timeout-ms: 5000\r\ncontent-length: 16\r\n\r\n{"text":"abcde"}',
  ),
  Buffer.from(
    "POST /target.Target/Echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/grpc-web+proto\r\ncontent-length: 8\r\n\r\n\0\0\0\0\x03\x12\x01a",
  ),
];
const atOnce = 48;
/** What no input may take of a calm machine's time; of its own time-outs the target has 0.4 and 0.8 s, and 1 s of linger. */
const hangMs = 1_000;
/** How many times as long the fuzzer waits: on a busy machine it is that which takes the time. */
const patience = 20;
const maxGrowthBytes = 16 * 1024 * 1024;
/** So often the process is looked at. */
const lookEvery = 20_000;

/**
 * HTTP+JSON, Connect and gRPC-Web over HTTP/1.1, on real connections to a listener in a process of its own; a connection takes inputs as long as they leave it open. Each is
 * answered or closed in time, without a stack trace; the process must live, answer good calls, never work for a second without looking at its sockets, and have its live memory back.
 *
 * @param say  hears how far the run is, now and then
 */
export async function fuzzHttp(
  seed: number,
  inputs: number,
  first = 0,
  say: (line: string) => void = () => {},
): Promise<FuzzReport> {
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
  let looking = Promise.resolve();
  const fail = (index: number, input: Uint8Array, reason: string) => {
    const path = keepInput("http", input);
    failure ??= `input ${index} of seed ${seed}: ${reason}\n${Buffer.from(input).toString("hex")}\nkept in ${path}`;
  };
  const look = async (index: number) => {
    const { liveBytes, polluted } = await target.state();
    const blockedMs = await target.takeBlockedMs();
    slowestMs = Math.max(slowestMs, blockedMs);
    live ||= liveBytes;
    if (blockedMs > hangMs) {
      failure ??= `before input ${index} of seed ${seed}: worked ${Math.round(blockedMs)} ms without looking at its sockets`;
    }
    if (polluted) {
      failure ??= `before input ${index} of seed ${seed}: a prototype was changed`;
    }
    say(
      `${index - first} of ${inputs}, ${Math.round((performance.now() - begun) / 1_000)} s, ${(liveBytes / 1e6).toFixed(1)} MB live`,
    );
  };
  const lane = async () => {
    let connection: HttpFuzzConnection | undefined;
    while (next < first + inputs && failure === undefined) {
      const index = next++;
      const input = inputOf(index);
      try {
        connection ??= await HttpFuzzConnection.open(target.port);
        const attempt = await connection.attempt(input, index, hangMs * patience);
        connection = attempt.goesOn ? connection : undefined;
        if (attempt.failure !== undefined) {
          fail(index, input, attempt.failure);
        } else if (!target.isAlive || target.hasOutput) {
          fail(index, input, `the process: ${target.output || "ended"}`);
        }
      } catch (error) {
        fail(index, input, error instanceof Error ? error.message : String(error));
      }
      if ((index - first) % lookEvery === lookEvery - 1 || index === first + Math.ceil(inputs / 10)) {
        // One after the other: the process answers without saying what.
        looking = looking.then(() => look(index));
        await looking;
      }
    }
    connection?.close();
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  if (failure === undefined) {
    await goodCalls(target.patientPort, 1);
    await look(next);
  }
  const grownBytes = target.isAlive && live > 0 ? (await target.state()).liveBytes - live : 0;
  if (grownBytes > maxGrowthBytes) {
    failure ??= `memory grew by ${Math.round(grownBytes / 1048576)} MiB over the run`;
  }
  const seconds = (performance.now() - begun) / 1_000;
  return { target: "http", seed, inputs: next - first, seconds, slowestMs, grownBytes, failure };
}
