import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The process that listens on a port. */
export interface PortHolder {
  readonly pid: number;
  /** Its command line, at most 80 characters. */
  readonly command: string;
}

/**
 * Find who listens on a TCP port of this host, by /proc.
 *
 * @returns `undefined` when nobody does, or when its process belongs to another user and cannot be seen
 */
export function findPortHolder(port: number): PortHolder | undefined {
  const inodes = new Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) => listeningInodes(file, port)));
  if (inodes.size === 0) return undefined;
  const pid = readdirSync("/proc").find((name) => /^\d+$/.test(name) && hasSocket(name, inodes));
  return pid === undefined ? undefined : { pid: Number(pid), command: commandLine(pid) };
}

/** Inodes of the sockets in state LISTEN (0A of linux/include/net/tcp_states.h) on the port, as proc(5) lists them. */
function listeningInodes(file: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  return readOrEmpty(() => readFileSync(file, "utf8"))
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === "0A" && fields[1]?.endsWith(`:${wanted}`))
    .map((fields) => fields[9] ?? "");
}

function hasSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  return descriptors(pid).some((name) => {
    const target = readOrEmpty(() => readlinkSync(`/proc/${pid}/fd/${name}`));
    return inodes.has(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? "-");
  });
}

function descriptors(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    return []; // Gone meanwhile, or of another user.
  }
}

function commandLine(pid: string): string {
  const text = readOrEmpty(() => readFileSync(`/proc/${pid}/cmdline`, "utf8"))
    .replaceAll("\0", " ")
    .trim();
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** Files of /proc vanish with their process, and some belong to others: what cannot be read holds nothing for us. */
function readOrEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
