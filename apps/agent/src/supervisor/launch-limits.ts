import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { InstanceSettings } from "@msec/api/agent/v1/common_pb.js";
import type { Launch } from "@msec/process";

/** Part of an instance's memory that the heaps of its JavaScript may take: the rest is buffers, code and stacks. */
const HEAP_SHARE = 0.75;

/**
 * A launch under the limits that an instance has, by what Debian's util-linux offers without root: `prlimit` for open files, `taskset` for
 * cores. Both replace themselves by the program, so its pid is the one that was started. A limit above the user's own makes the start fail, with
 * what they say.
 *
 * The limit of memory is the business of `Instance`, which ends an instance that exceeds it; a program that we run with Node is also told how large its
 * heap may become, so that it collects garbage before it comes to that.
 *
 * @param spread  a number by which instances of one host get different cores
 */
export function limitLaunch(
  launch: Launch,
  settings: InstanceSettings | undefined,
  isNode: boolean,
  workers: number,
  spread: number,
): Launch {
  if (settings === undefined) return launch;
  const { memoryBytes, cpus, openFiles } = settings;
  const heapMiB = Math.floor((memoryBytes * HEAP_SHARE) / workers / 1024 ** 2);
  const args = [...(launch.args ?? [])];
  if (isNode && memoryBytes > 0) args.unshift(`--max-old-space-size=${Math.max(16, heapMiB)}`);
  const before = [
    ...(openFiles > 0 ? ["prlimit", `--nofile=${openFiles}:${openFiles}`] : []),
    ...(cpus > 0 ? ["taskset", "--cpu-list", chooseCores(usableCores(), cpus, spread).join(",")] : []),
  ];
  const [command, ...wrapped] = [...before, launch.command, ...args];
  return { ...launch, command: command as string, args: wrapped };
}

/** `count` of the cores, in a row from a place that `spread` says; all of them where there are no more. */
function chooseCores(cores: readonly number[], count: number, spread: number): number[] {
  if (count >= cores.length) return [...cores];
  const first = (spread * count) % cores.length;
  return Array.from({ length: count }, (_, index) => cores[(first + index) % cores.length] as number).sort(
    (a, b) => a - b,
  );
}

/** The cores that this process may use, by their numbers. */
function usableCores(): number[] {
  const list = /^Cpus_allowed_list:\s*([\d,-]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  if (list === undefined) return Array.from({ length: availableParallelism() }, (_, index) => index);
  return list.split(",").flatMap((part) => {
    const [from = 0, to = from] = part.split("-").map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}
