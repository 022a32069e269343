import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/** The process that listens on a port. */
export interface PortHolder {
  readonly pid: number;
  /** Its program and arguments, at most 80 characters: `node apps/server/src/main.ts`. */
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

/** What runs, without where the interpreter is and the interpreter's own flags: they would fill the line. */
function commandLine(pid: string): string {
  const [program = "", ...rest] = readOrEmpty(() => readFileSync(`/proc/${pid}/cmdline`, "utf8")).split("\0");
  const from = rest.findIndex((word) => !word.startsWith("-"));
  const text = [basename(program), ...rest.slice(Math.max(0, from))].join(" ").trim();
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
