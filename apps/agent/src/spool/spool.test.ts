import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { appendFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { temporaryDirectory } from "../testing/temporary-directory.ts";
import { Spool } from "./spool.ts";

const payload = (text: string) => new TextEncoder().encode(text);
const texts = (spool: Spool) => spool.oldest()?.payloads.map((bytes) => Buffer.from(bytes).toString());

test("batches come back in order, several in a segment, and are gone once the server has them", () => {
  using directory = temporaryDirectory();
  const spool = new Spool({ directory: directory.path, maxBytes: 10_000 });
  assert.equal(spool.oldest(), undefined);
  spool.append(payload("one"));
  spool.append(payload("two"));
  const first = spool.oldest()!;
  assert.deepEqual(texts(spool), ["one", "two"]);
  spool.append(payload("three"));
  assert.equal(spool.oldest()!.sequence, first.sequence, "a segment that was handed out stays the oldest");
  assert.deepEqual(texts(spool), ["one", "two"], "and never changes again");
  spool.remove(first.sequence);
  assert.deepEqual(texts(spool), ["three"]);
  assert.equal(spool.oldest()!.sequence, first.sequence + 1);
  spool.remove(first.sequence + 1);
  assert.ok(spool.isEmpty);
  assert.equal(spool.bytes, 0);
});

test("after a restart the same sequence number has the same content, and no number is used twice", () => {
  using directory = temporaryDirectory();
  const options = { directory: directory.path, maxBytes: 10_000 };
  const before = new Spool(options);
  before.append(payload("one"));
  const sent = before.oldest()!;
  before.append(payload("two"));
  before.close();

  const after = new Spool(options);
  assert.equal(after.oldest()!.sequence, sent.sequence);
  assert.deepEqual(texts(after), ["one"]);
  after.append(payload("three"));
  after.remove(sent.sequence);
  assert.deepEqual(texts(after), ["two"]);
  after.remove(sent.sequence + 1);
  assert.deepEqual(texts(after), ["three"]);
  const last = after.oldest()!.sequence;
  after.remove(last);
  after.close();

  const empty = new Spool(options);
  assert.ok(empty.isEmpty);
  empty.append(payload("four"));
  assert.ok(empty.oldest()!.sequence > last);
  assert.equal(readdirSync(directory.path).length, 2);
  empty.close();
});

test("a tail that a crash tore is left out and counted; everything before it is kept", () => {
  using directory = temporaryDirectory();
  const options = { directory: directory.path, maxBytes: 10_000 };
  const file = (name: string) => join(directory.path, name);
  const write = () => {
    const spool = new Spool(options);
    spool.append(payload("whole"));
    spool.append(payload("torn off"));
    spool.close();
    return file(readdirSync(directory.path).sort().at(-1)!);
  };
  const tear: [what: string, how: (name: string) => void, kept: string[]][] = [
    ["cut in the payload", (name) => truncateSync(name, statSync(name).size - 3), ["whole"]],
    ["cut in the header", (name) => truncateSync(name, statSync(name).size - 12), ["whole"]],
    ["a bit flipped", (name) => flip(name, -1), ["whole"]],
    ["rubbish after", (name) => appendFileSync(name, "\xff\xff\xff\xff\xff"), ["whole", "torn off"]],
    ["a length beyond the end", (name) => appendFileSync(name, Buffer.alloc(8, 0xff)), ["whole", "torn off"]],
    ["nothing left", (name) => truncateSync(name, 3), []],
  ];
  for (const [what, how, kept] of tear) {
    how(write());
    const spool = new Spool(options);
    assert.deepEqual(texts(spool) ?? [], kept, what);
    assert.ok(spool.tornBytes > 0, what);
    for (let segment = spool.oldest(); segment !== undefined; segment = spool.oldest()) spool.remove(segment.sequence);
    spool.close();
  }
});

test("a full spool drops its oldest segments, counts their batches, and stays within its size", () => {
  using directory = temporaryDirectory();
  const spool = new Spool({ directory: directory.path, maxBytes: 1000, segmentBytes: 250 });
  for (let number = 0; number < 40; number++) spool.append(payload(`${number}`.padEnd(92, ".")));
  assert.ok(spool.bytes <= 1000);
  const onDisk = readdirSync(directory.path).reduce((sum, name) => sum + statSync(join(directory.path, name)).size, 0);
  assert.equal(onDisk, spool.bytes);
  const kept: number[] = [];
  for (let segment = spool.oldest(); segment !== undefined; segment = spool.oldest()) {
    kept.push(...segment.payloads.map((bytes) => Number.parseInt(Buffer.from(bytes).toString(), 10)));
    spool.remove(segment.sequence);
  }
  assert.equal(kept.length + spool.droppedBatches, 40);
  assert.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, index) => 40 - kept.length + index),
  );
  assert.throws(() => spool.append(new Uint8Array(300)), RangeError);
});

test("a smaller limit after a restart drops down to it", () => {
  using directory = temporaryDirectory();
  const large = new Spool({ directory: directory.path, maxBytes: 10_000, segmentBytes: 250 });
  for (let number = 0; number < 40; number++) large.append(new Uint8Array(92));
  large.close();
  const small = new Spool({ directory: directory.path, maxBytes: 1000, segmentBytes: 250 });
  assert.ok(small.bytes <= 1000);
  assert.equal(small.droppedBatches, 30);
});

test("a segment that the server refuses is split, so that one bad batch costs only itself", () => {
  using directory = temporaryDirectory();
  const spool = new Spool({ directory: directory.path, maxBytes: 10_000 });
  for (const text of ["good", "bad", "fine"]) spool.append(payload(text));
  const refused = spool.oldest()!.sequence;
  spool.split(refused);
  const delivered: string[] = [];
  for (let segment = spool.oldest(); segment !== undefined; segment = spool.oldest()) {
    assert.ok(segment.sequence > refused);
    const [text] = texts(spool)!;
    if (text === "bad") spool.split(segment.sequence);
    else delivered.push(text!);
    spool.remove(segment.sequence);
  }
  assert.deepEqual(delivered, ["good", "fine"]);
  assert.equal(spool.droppedBatches, 1);
});

test("what a process appended before kill -9 is all there", async () => {
  using directory = temporaryDirectory();
  const script = `import { Spool } from ${JSON.stringify(import.meta.resolve("./spool.ts"))};
    const spool = new Spool({ directory: ${JSON.stringify(directory.path)}, maxBytes: 1e8 });
    let number = 0;
    for (;;) {
      for (let i = 0; i < 20; i++) spool.append(new TextEncoder().encode(String(number++)));
      await new Promise((resolve) => process.stdout.write(number + "\\n", resolve));
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let told = 0;
  for await (const line of createInterface(child.stdout)) {
    // The last one may be cut off.
    told = Math.max(told, Number(line));
    if (told >= 200) child.kill("SIGKILL");
  }
  const spool = new Spool({ directory: directory.path, maxBytes: 1e8 });
  const found: number[] = [];
  for (let segment = spool.oldest(); segment !== undefined; segment = spool.oldest()) {
    found.push(...segment.payloads.map((bytes) => Number(Buffer.from(bytes).toString())));
    spool.remove(segment.sequence);
  }
  assert.ok(found.length >= told && told >= 200, `${found.length} found, ${told} told`);
  assert.deepEqual(
    found,
    found.map((_, index) => index),
  );
});

test("waiting for something to send ends with the first batch or the signal", async () => {
  using directory = temporaryDirectory();
  const spool = new Spool({ directory: directory.path, maxBytes: 10_000 });
  const abort = new AbortController();
  const stopped = spool.untilFilled(abort.signal);
  abort.abort();
  await stopped;
  const filled = spool.untilFilled(new AbortController().signal);
  spool.append(payload("x"));
  await filled;
  assert.ok(!spool.isEmpty);
});

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[bytes.length + at]! ^= 1;
  writeFileSync(file, bytes);
}

test("waiting for a whole segment ends when one is full, when the time is over, and when the signal aborts", async () => {
  using directory = temporaryDirectory();
  const spool = new Spool({ directory: directory.path, maxBytes: 1 << 20, segmentBytes: 1_000 });
  const never = new AbortController();
  const full = spool.untilSealed(60_000, never.signal);
  spool.append(new Uint8Array(600));
  spool.append(new Uint8Array(600));
  await full;
  await spool.untilSealed(60_000, never.signal);
  const sealed = spool.oldest();
  spool.remove(sealed!.sequence);
  await spool.untilSealed(1, never.signal);
  const waiting = spool.untilSealed(60_000, never.signal);
  never.abort();
  await waiting;
  spool.close();
});
