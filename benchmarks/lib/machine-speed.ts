import { formatSpread, type Spread, spreadOf } from "./spread.ts";

/** What a fixed piece of work took, milliseconds: figures of two runs compare where these do. */
export interface MachineSpeed {
  /** 20 million rounds of a hash of integers: the processor. */
  readonly hashMs: Spread;
  /** A copy of 64 MiB: the memory, and what others do with it. */
  readonly copyMs: Spread;
}

const turns = 5;
const rounds = 20_000_000;
const copyBytes = 64 * 1024 * 1024;
/** Written by the hash, so that nobody leaves it out. */
let hashed = 0;

/**
 * Measure how quick the machine is just now; takes half a second.
 *
 * A virtual machine on a shared host computes the same in up to twice the time an hour later, with nothing else to be seen running on it.
 */
export function machineSpeed(): MachineSpeed {
  const hash: number[] = [];
  const copy: number[] = [];
  const from = Buffer.alloc(copyBytes, 1);
  const to = Buffer.alloc(copyBytes, 2);
  for (let turn = 0; turn < turns; turn++) {
    hash.push(timeOf(hashRounds));
    copy.push(timeOf(() => from.copy(to)));
  }
  return { hashMs: spreadOf(hash), copyMs: spreadOf(copy) };
}

/** `hash 61.2 (60.9–64.0), copy 14.1 (13.9–15.2)`: milliseconds, of all measurements together. */
export function formatMachineSpeed(...measured: readonly MachineSpeed[]): string {
  const all = (key: keyof MachineSpeed) =>
    formatSpread(spreadOf(measured.flatMap((speed) => [speed[key].min, speed[key].median, speed[key].max])));
  return `hash ${all("hashMs")}, copy ${all("copyMs")}`;
}

function hashRounds(): void {
  let value = hashed | 1;
  for (let round = 0; round < rounds; round++) value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d) + round;
  hashed = value;
}

function timeOf(work: () => void): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}
