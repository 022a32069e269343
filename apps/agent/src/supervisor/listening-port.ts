import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { readProcess } from "@msec/process";

const LISTEN = "0A";

/**
 * Whether a process, or one of its process group, listens on a TCP port.
 *
 * Asks the kernel (/proc/net/tcp and the process's descriptors) rather than the port: a connection would also be answered by
 * a stranger who holds the port, and would cost the service an accept.
 *
 * @param leader  pid of the group's leader
 */
export function groupListensOn(leader: number, port: number): boolean {
  const inodes = listeningInodes(port);
  if (inodes.size === 0) return false;
  // The leader first: nearly always it is the one, and looking through all processes of the host takes a tenth of a second.
  return holdsSocket(leader, inodes) || groupMembers(leader).some((pid) => holdsSocket(pid, inodes));
}

function listeningInodes(port: number): Set<string> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const inodes = new Set<string>();
  for (const file of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of readLines(file)) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(suffix) === true && fields[3] === LISTEN) inodes.add(fields[9]!);
    }
  }
  return inodes;
}

function groupMembers(leader: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== leader && readProcess(pid)?.processGroup === leader);
}

function holdsSocket(pid: number, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((descriptor) => {
      const socket = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`));
      return socket !== null && inodes.has(socket[1]!);
    });
  } catch {
    return false; // The process or the descriptor is gone by now.
  }
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n").slice(1);
  } catch {
    return []; // A kernel without IPv6 has no tcp6.
  }
}
