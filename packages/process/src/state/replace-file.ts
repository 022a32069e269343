import { randomBytes } from "node:crypto";
import { open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Replace a file whole: after a crash at any moment it has either its old content or the new one.
 *
 * Writes a temporary file beside it, fsyncs it, renames it over the old one, and fsyncs the directory (the rename itself is
 * lost by a power cut otherwise).
 *
 * @param mode  permissions of the new file; default 0600
 * @throws what the file system says (ENOSPC, EACCES, …); the old content is untouched then
 */
export async function replaceFile(file: string, data: string | Uint8Array, mode = 0o600): Promise<void> {
  const temporary = `${file}.${process.pid}-${randomBytes(4).toString("hex")}.tmp`;
  try {
    const handle = await open(temporary, "wx", mode);
    try {
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await unlink(temporary).catch(() => {}); // Never created, or already renamed: the first error is the one to tell.
    throw error;
  }
  await syncDirectory(dirname(file));
}

/** Make what happened to the names in a directory (create, rename, unlink) survive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
