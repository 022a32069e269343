import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { isOutOfSpace, systemErrorCode } from "../node-error.ts";

/** Where the output of a supervised process goes. */
export interface OutputFileOptions {
  readonly file: string;
  /** Size from which it is rotated, bytes; default 10 MiB. */
  readonly maxBytes?: number;
  /** Rotated files that are kept beside it (`<file>.1` is the newest), 1…1000; default 4. */
  readonly keep?: number;
  /** Both of them, asked anew for each run of the process; `undefined`: the ones above. */
  readonly limits?: () => { readonly maxBytes: number; readonly keep: number } | undefined;
}

const DEFAULT_MAX_BYTES = 10 * 1024 ** 2;
const TAIL_BYTES = 4096;

/**
 * The file that takes stdout and stderr of a supervised process, by descriptor: no pipe, so the process goes on writing when
 * its supervisor is gone.
 *
 * Rotated by copying and truncating, as logrotate's `copytruncate`: the process keeps its descriptor (opened for appending,
 * so it goes on at the new end). What it writes between the last read and the truncation is lost: microseconds, once in
 * `maxBytes`.
 */
export class OutputFile {
  readonly file: string;
  readonly #options: OutputFileOptions;
  #maxBytes: number;
  #keep: number;
  /** Where the output of the present run begins. */
  #runOffset = 0;

  constructor(options: OutputFileOptions) {
    this.file = options.file;
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    this.#keep = options.keep ?? 4;
  }

  /** Open for one run of the process. The caller closes the descriptor once the process has it. */
  open(): number {
    mkdirSync(dirname(this.file), { recursive: true });
    const limits = this.#options.limits?.();
    this.#maxBytes = limits?.maxBytes ?? this.#maxBytes;
    this.#keep = limits?.keep ?? this.#keep;
    this.#removeBeyond();
    this.rotateIfLarge();
    const descriptor = openSync(this.file, "a", 0o640);
    this.#runOffset = fstatSync(descriptor).size;
    return descriptor;
  }

  /**
   * Rotate when the file has reached its size. On a full disk the oldest rotated files make room; where that is not enough it stays as it is, until the next time.
   *
   * @returns whether it did
   */
  rotateIfLarge(): boolean {
    if (this.#size() < this.#maxBytes) return false;
    const copy = `${this.file}.0`;
    while (!movedInto(this.file, copy)) {
      if (!this.#removeOldest()) return false;
    }
    for (let number = this.#keep - 1; number >= 0; number--) {
      renameIfThere(`${this.file}.${number}`, `${this.file}.${number + 1}`);
    }
    this.#runOffset = 0;
    return true;
  }

  /** The last lines that the present run wrote: at most `lines` of them and 4 KiB, without control characters. */
  lastLines(lines: number): string[] {
    let descriptor: number;
    try {
      descriptor = openSync(this.file, "r");
    } catch (error) {
      if (systemErrorCode(error) === "ENOENT") return [];
      throw error;
    }
    try {
      const { size } = fstatSync(descriptor);
      const from = Math.max(Math.min(this.#runOffset, size), size - TAIL_BYTES);
      const buffer = Buffer.alloc(size - from);
      const read = readSync(descriptor, buffer, 0, buffer.length, from);
      return printableLines(buffer.toString("utf8", 0, read)).slice(-lines);
    } finally {
      closeSync(descriptor);
    }
  }

  /** Rotated files that are too many now, after a limit was lowered. */
  #removeBeyond(): void {
    for (let number = this.#keep + 1; existsSync(`${this.file}.${number}`); number++) {
      rmSync(`${this.file}.${number}`, { force: true });
    }
  }

  #removeOldest(): boolean {
    for (let number = this.#keep; number >= 1; number--) {
      if (!existsSync(`${this.file}.${number}`)) continue;
      rmSync(`${this.file}.${number}`, { force: true });
      return true;
    }
    return false;
  }

  #size(): number {
    return statSync(this.file, { throwIfNoEntry: false })?.size ?? 0;
  }
}

/** @returns false where the disk has no room for the copy; the file is as it was then */
function movedInto(from: string, to: string): boolean {
  using source = openFile(from, "r+");
  try {
    using target = openFile(to, "w");
    const block = Buffer.alloc(256 * 1024);
    for (let position = 0; ; ) {
      const read = readSync(source.descriptor, block, 0, block.length, position);
      if (read === 0) break;
      for (let written = 0; written < read; ) written += writeSync(target.descriptor, block, written, read - written);
      position += read;
    }
    ftruncateSync(source.descriptor, 0);
    return true;
  } catch (error) {
    if (isOutOfSpace(error)) {
      rmSync(to, { force: true });
      return false;
    }
    throw error;
  }
}

function openFile(path: string, flags: string): { readonly descriptor: number; [Symbol.dispose](): void } {
  const descriptor = openSync(path, flags, 0o640);
  return { descriptor, [Symbol.dispose]: () => closeSync(descriptor) };
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
}

function printableLines(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) =>
      line
        // biome-ignore lint/suspicious/noControlCharactersInRegex: colour sequences of terminals are control characters.
        .replace(/\u001b\[[0-9;]*[A-Za-z]/g, "")
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they would garble the terminal that shows the reason.
        .replace(/[\u0000-\u001f\u007f-\u009f]/g, " ")
        .trim(),
    )
    .filter((line) => line !== "");
}
