import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isOutOfSpace } from "./node-error.ts";

/** A file system of a few bytes for a test, in memory, that no other program of the machine sees. */
export interface SmallDisk extends AsyncDisposable {
  /** Its directory, for this process and whoever it gives the name to. */
  readonly path: string;
  /** Its directory, for programs that are started behind `enter`: those that ask for a path's real name. */
  readonly inside: string;
  /** What to put in front of a command line so that its program sees the disk under `inside`. */
  readonly enter: readonly string[];
  /** Fill what is free, to the last byte. */
  fill(): void;
  /** Give back what `fill` took. */
  clear(): void;
}

/** A mount namespace of its own; of a user who is not root, within a user namespace. */
const unshare = ["unshare", ...(process.getuid?.() === 0 ? [] : ["-r"]), "-m"] as const;

/** Why no small disk can be made here; `undefined` where it can. */
export function whyNoSmallDisk(): string | undefined {
  const [command, ...args] = [...unshare, "mount", "-t", "tmpfs", "-o", "size=64k", "msec-test", "/mnt"];
  const { error, status, stderr } = spawnSync(command!, args, { encoding: "utf8" });
  if (error !== undefined) return "needs the command unshare, Debian's util-linux";
  return status === 0 ? undefined : `needs to mount a file system in a namespace of its own: ${stderr.trim()}`;
}

/** Make a disk of `bytes`. It is gone when it is disposed of, and with the process that made it. */
export async function smallDisk(bytes: number): Promise<SmallDisk> {
  const inside = mkdtempSync(join(tmpdir(), "msec-disk-"));
  const script = `mount -t tmpfs -o size=${bytes} msec-test "$1" && echo mounted && exec cat`;
  const [command, ...args] = [...unshare, "sh", "-c", script, "sh", inside];
  // Holds the namespace; ends when our end of its standard input does.
  const holder = spawn(command!, args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(holder, "exit");
  const mounted = await Promise.race([once(holder.stdout, "data"), ended.then(() => undefined)]);
  if (mounted === undefined) throw new Error("the small disk was not mounted");
  const path = `/proc/${holder.pid}/root${inside}`;
  const filler = join(path, ".filler");
  return {
    path,
    inside,
    enter: [
      "nsenter",
      ...(process.getuid?.() === 0 ? [] : ["-U", "--preserve-credentials"]),
      "-t",
      `${holder.pid}`,
      "-m",
    ],
    fill() {
      writeFileSync(filler, "");
      for (let block = 65_536; block >= 1; ) {
        try {
          appendFileSync(filler, Buffer.alloc(block));
        } catch (error) {
          if (!isOutOfSpace(error)) throw error;
          block = block === 1 ? 0 : Math.floor(block / 2);
        }
      }
    },
    clear: () => rmSync(filler, { force: true }),
    async [Symbol.asyncDispose]() {
      holder.stdin.end();
      await ended;
      rmdirSync(inside);
    },
  };
}
