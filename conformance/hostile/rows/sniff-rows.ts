import assert from "node:assert/strict";
import type { HostileRow } from "../row.ts";

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** Somebody else's protocol, or the beginning of ours and then nothing: closed in time, never dispatched. */
const foreign: readonly (readonly [string, Uint8Array | string])[] = [
  ["the number of TLS's records, and not TLS", Buffer.from("16000000", "hex")],
  ["RESP", "*1\r\n$4\r\nPING\r\n"],
  ["beanstalk", "stats\r\n"],
  ["an SSH banner", "SSH-2.0-OpenSSH_9.2\r\n"],
  ["zeros", Buffer.alloc(1_000)],
  ["a PROXY protocol line", "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n"],
  ["HTTP in lower case", "get / http/1.1\r\nhost: x\r\n\r\n"],
  ["a verb that only begins like one", "POSTMAN / HTTP/1.1\r\n\r\n"],
  ["a line end before the verb", "\r\n\r\nGET / HTTP/1.1\r\n\r\n"],
  ["a Kafka request", Buffer.from("00000023001200030000000100", "hex")],
  ["a PostgreSQL start", Buffer.from("0000000804d2162f", "hex")],
];

/** Ways to begin and not go on. */
const silent: readonly (readonly [string, string])[] = [
  ["nothing at all", ""],
  ["one letter of a verb", "P"],
  ["a verb without its space", "DELETE"],
  ["23 of the 24 bytes of HTTP/2's preface", preface.slice(0, 23)],
  ["the first byte of the preface's second word", "PRI "],
];

/** What does not say at once which protocol it is. */
export const sniffRows: readonly HostileRow[] = [
  {
    id: "R-16o",
    title: "a TLS hello to a port without TLS is answered with TLS's own alert",
    sends: () => Buffer.from("16030100c8010000c40303", "hex"),
    expects: { closes: true },
    check: ({ received }) => assert.equal(received.toString("hex"), "15030100020228"),
    // A service tells its owner of it, once: its output is not empty then.
    only: "default",
  },
  ...foreign.map(
    ([name, bytes], index): HostileRow => ({
      id: `R-16${String.fromCharCode(97 + index)}`.replace("R-16j", "R-16l"),
      title: name,
      sends: () => bytes,
      expects: { silence: true, closes: true },
    }),
  ),
  ...silent.map(
    ([name, text], index): HostileRow => ({
      id: `R-16m${index + 1}`,
      title: `${name}, then silence`,
      sends: () => text,
      expects: { silence: true, closes: true },
      withinMs: 2_000,
      only: "tight",
    }),
  ),
  {
    id: "R-16n",
    title: "nothing, under the SDK's default of three seconds",
    sends: () => "",
    expects: { silence: true, closes: true },
    withinMs: 4_000,
  },
];
