import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "../node-error.ts";
import { UserError } from "../user-error.ts";

/** Bytes of `sun_path` in unix(7), 108, less its final zero. */
const SOCKET_PATH_MAX_BYTES = 107;

/**
 * Where the unix socket `name` of a state directory lives: `<state>/run/<name>.sock`, or, where that would exceed the 107
 * bytes that the kernel takes, a private directory in /tmp named after the state directory.
 *
 * Every process of a system computes the same path, whatever its TMPDIR: that is why /tmp is fixed.
 *
 * @throws UserError when the private directory belongs to somebody else or is open to others
 */
export function socketPath(state: string, name: string): string {
  const wanted = join(state, "run", `${name}.sock`);
  if (Buffer.byteLength(wanted) <= SOCKET_PATH_MAX_BYTES) return wanted;
  const uid = process.getuid?.() ?? 0;
  const digest = createHash("sha256").update(realpathSync(state)).digest("hex").slice(0, 16);
  const directory = `/tmp/msec-${uid}-${digest}`;
  makePrivateDirectory(directory, uid);
  return join(directory, `${name}.sock`);
}

function makePrivateDirectory(directory: string, uid: number): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
  }
  // Anybody may create names in /tmp: a directory (or link) that was there before us proves nothing.
  const found = lstatSync(directory);
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o077) !== 0) {
    throw new UserError(`${directory} is not a private directory of this user`, {
      hint: `remove it (rm -r ${directory}), or use a state directory with a shorter path`,
    });
  }
}
