import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { smallDisk, whyNoSmallDisk } from "@msec/process/testing";
import { Spool, SpoolPlace } from "./spool.ts";

const skip = whyNoSmallDisk() ?? false;
const batch = (number: number) => new TextEncoder().encode(`${number}`.padEnd(1_000, "."));

function numbersOf(spool: Spool): number[] {
  const numbers: number[] = [];
  for (let segment = spool.oldest(); segment !== undefined; segment = spool.oldest()) {
    numbers.push(...segment.payloads.map((payload) => Number.parseInt(Buffer.from(payload).toString(), 10)));
    spool.remove(segment.sequence);
  }
  return numbers;
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

test("on a full disk telemetry waits in memory, comes in order, and is on disk again when there is room", {
  skip,
}, async () => {
  await using disk = await smallDisk(512 * 1024);
  const places: SpoolPlace[] = [];
  const directory = join(disk.path, "spool");
  const options = { directory, maxBytes: 10_000_000, onPlace: (place: SpoolPlace) => places.push(place) };
  const spool = new Spool(options);
  for (let number = 0; number < 10; number++) spool.append(batch(number));
  disk.fill();
  for (let number = 10; number < 50; number++) spool.append(batch(number));
  assert.deepEqual(places, [SpoolPlace.Memory]);
  assert.equal(spool.droppedBatches, 0);
  const first = spool.oldest()!;
  assert.deepEqual(spool.oldest(), first, "the same until it is removed");
  disk.clear();
  spool.close();
  const after = new Spool(options);
  assert.deepEqual(numbersOf(after), range(0, 50), "closing put on disk what was in memory");
  assert.equal(after.bytes, 0);
  after.append(batch(50));
  assert.deepEqual(numbersOf(after), [50]);
  assert.equal(after.place, SpoolPlace.Disk);
  after.close();
});

test("with a full disk a server that is there gets everything, segment by segment", { skip }, async () => {
  await using disk = await smallDisk(64 * 1024);
  const spool = new Spool({ directory: join(disk.path, "spool"), maxBytes: 10_000_000 });
  disk.fill();
  const numbers: number[] = [];
  const sequences = new Set<number>();
  for (let number = 0; number < 30; number++) {
    spool.append(batch(number));
    sequences.add(spool.oldest()!.sequence);
    numbers.push(...numbersOf(spool));
  }
  assert.deepEqual(numbers, range(0, 30));
  assert.equal(sequences.size, 30);
  assert.equal(spool.bytes, 0);
  spool.close();
});

test("when the memory is full too, the oldest on disk makes room and is counted", { skip }, async () => {
  await using disk = await smallDisk(128 * 1024);
  const options = { maxBytes: 10_000_000, segmentBytes: 16_000, heldBytes: 20_000 };
  const spool = new Spool({ directory: join(disk.path, "spool"), ...options });
  for (let number = 0; number < 40; number++) spool.append(batch(number));
  disk.fill();
  for (let number = 40; number < 200; number++) spool.append(batch(number));
  const dropped = spool.droppedBatches;
  assert.ok(dropped > 0);
  assert.deepEqual(numbersOf(spool), range(dropped, 200), "what was dropped is the oldest");
  spool.close();
});

test("where nothing can make room what comes is refused, what was taken stays, and it goes on when there is room", {
  skip,
}, async () => {
  await using disk = await smallDisk(64 * 1024);
  const places: SpoolPlace[] = [];
  const directory = join(disk.path, "spool");
  mkdirSync(directory);
  disk.fill();
  const onPlace = (place: SpoolPlace) => places.push(place);
  const spool = new Spool({ directory, maxBytes: 10_000_000, heldBytes: 20_000, onPlace });
  let taken = 0;
  assert.throws(() => {
    for (; ; taken++) spool.append(batch(taken));
  }, /ENOSPC|disk of the spool is full/);
  assert.equal(taken, 19);
  assert.throws(() => spool.append(batch(taken)));
  assert.deepEqual(places, [SpoolPlace.Memory, SpoolPlace.Nowhere], "each said once");
  assert.equal(spool.droppedBatches, 0, "who reports has it still");
  disk.clear();
  assert.deepEqual(numbersOf(spool), range(0, taken));
  spool.append(batch(taken));
  assert.deepEqual(numbersOf(spool), [taken]);
  assert.equal(places.at(-1), SpoolPlace.Disk);
  spool.close();
});

test("a spool on a full disk can be opened", { skip }, async () => {
  await using disk = await smallDisk(64 * 1024);
  const directory = join(disk.path, "spool");
  mkdirSync(directory);
  disk.fill();
  const spool = new Spool({ directory, maxBytes: 10_000_000 });
  spool.append(batch(1));
  assert.deepEqual(numbersOf(spool), [1]);
  spool.append(batch(2));
  assert.equal(spool.close(), 1, "what is lost then is said");
});
