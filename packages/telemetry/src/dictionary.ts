import { cutText, utf8Length } from "./utf8-length.ts";

// Nothing that belongs here is longer: names of methods, services and fields, addresses, messages already cut.
const STRING_MAX_UNITS = 1_024;

/** The strings of one batch, each once; a reference is a position, and position 0 is the empty string. */
export class Dictionary {
  #strings: string[] = [""];
  #refs = new Map<string, number>([["", 0]]);

  /** Which batch this is: references of an earlier epoch mean nothing. */
  epoch = 0;

  /** UTF-8 bytes of all strings and their lengths. */
  bytes = 0;

  /** The reference of `text` in this batch. */
  refOf(text: string): number {
    return this.#refs.get(text) ?? this.#add(text);
  }

  #add(text: string): number {
    const kept = cutText(text, STRING_MAX_UNITS);
    const ref = this.#strings.push(kept) - 1;
    this.#refs.set(text, ref);
    this.bytes += utf8Length(kept) + 3;
    return ref;
  }

  /** The strings so far; the next batch begins. */
  take(): string[] {
    const strings = this.#strings;
    this.#strings = [""];
    this.#refs = new Map([["", 0]]);
    this.bytes = 0;
    this.epoch++;
    return strings;
  }
}
