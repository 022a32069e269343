import { open, readFile, rename } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { replaceFile, systemErrorCode } from "@msec/process";

/** A smaller file is not worth rewriting. */
const COMPACT_MIN_BYTES = 256 * 1024;

/** What `RouteLog.open` found. */
export interface RouteLogFound {
  /** In the order in which they were written. */
  readonly records: readonly unknown[];
  /** Bytes of a last record that was not written to its end, and was cut off: its update was never acknowledged. */
  readonly tornBytes: number;
  /** Where it is damaged otherwise: why, and the name under which the file was set aside. `records` are those before. */
  readonly damage: { readonly reason: string; readonly movedTo: string } | undefined;
}

/**
 * A file of records, one line each with its checksum, that is only appended to: a change costs what changed, not what there is. When it is more than twice as
 * long as what it says, it is written anew, so over time each byte is written about three times.
 *
 * Ends at any byte by `kill -9` or a power cut: what was acknowledged is there, the record that was being written is not.
 * One call at a time.
 */
export class RouteLog {
  readonly #file: string;
  #bytes = 0;
  /** How long it was when it was written anew, which is what it has to say. */
  #wholeBytes = 0;
  /** What is in the file is not what was acknowledged. */
  #mustRewrite = false;

  private constructor(file: string) {
    this.#file = file;
  }

  /** @throws what the file system says when the file exists and cannot be read */
  static async open(file: string): Promise<{ log: RouteLog; found: RouteLogFound }> {
    const log = new RouteLog(file);
    const bytes = await readIfThere(file);
    if (bytes === undefined) return { log, found: { records: [], tornBytes: 0, damage: undefined } };
    const { records, goodBytes, reason } = readRecords(bytes);
    log.#bytes = goodBytes;
    log.#wholeBytes = goodBytes;
    const tornBytes = bytes.length - goodBytes;
    // Cut off with the next write: so that also a file that cannot be written can be read.
    log.#mustRewrite = tornBytes > 0;
    if (reason === undefined) return { log, found: { records, tornBytes, damage: undefined } };
    const movedTo = `${file}.damaged`;
    await rename(file, movedTo);
    return { log, found: { records, tornBytes: 0, damage: { reason, movedTo } } };
  }

  /**
   * Write a record; it is on disk when this settles.
   *
   * @param whole  gives all that the file has to say after it, for when it is written anew
   * @throws what the file system says; then nothing was written that would be read
   */
  async append(record: unknown, whole: () => Iterable<unknown>): Promise<void> {
    const line = lineOf(record);
    const isLong = this.#bytes + line.length > Math.max(COMPACT_MIN_BYTES, 2 * this.#wholeBytes);
    if (this.#mustRewrite || isLong || this.#bytes === 0) {
      // What this one says is in no other: until it is there, no other may follow what was there before.
      this.#mustRewrite = true;
      await this.#rewrite(whole());
      return;
    }
    try {
      const handle = await open(this.#file, "a", 0o600);
      try {
        await handle.appendFile(line);
        await handle.datasync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      // A part of it may be there, and nothing may follow it.
      this.#mustRewrite = true;
      throw error;
    }
    this.#bytes += line.length;
  }

  async #rewrite(records: Iterable<unknown>): Promise<void> {
    const whole = Buffer.concat([...records].map(lineOf));
    await replaceFile(this.#file, whole);
    this.#bytes = whole.length;
    this.#wholeBytes = whole.length;
    this.#mustRewrite = false;
  }
}

function lineOf(record: unknown): Buffer {
  const text = JSON.stringify(record);
  return Buffer.from(`{"crc32":"${checksum(Buffer.from(text))}","value":${text}}\n`);
}

function checksum(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, "0");
}

const LINE = /^\{"crc32":"([0-9a-f]{8})","value":$/;
/** Of what stands before the value. */
const HEAD_BYTES = '{"crc32":"01234567","value":'.length;

/** Records up to the first that is not one; `reason` where that one was written to its end. */
function readRecords(bytes: Buffer): { records: unknown[]; goodBytes: number; reason: string | undefined } {
  const records: unknown[] = [];
  let from = 0;
  for (;;) {
    const end = bytes.indexOf(10, from);
    if (end < 0) return { records, goodBytes: from, reason: undefined };
    const read = readLine(bytes.subarray(from, end));
    if (typeof read === "string") return { records, goodBytes: from, reason: `record ${records.length + 1}: ${read}` };
    records.push(read.value);
    from = end + 1;
  }
}

/** The record, or why it is none. */
function readLine(line: Buffer): { value: unknown } | string {
  const [, sum] = LINE.exec(line.toString("latin1", 0, HEAD_BYTES)) ?? [];
  if (sum === undefined) return "it has no checksum";
  const value = line.subarray(HEAD_BYTES, -1);
  if (checksum(value) !== sum) return "its checksum does not match";
  return { value: JSON.parse(value.toString("utf8")) };
}

async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
