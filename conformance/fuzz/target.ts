/** Something that takes bytes from strangers. */
export interface FuzzTarget {
  /** Valid inputs, from which damaged ones are made; the kept corpus is added to them. */
  readonly seeds: readonly Uint8Array[];
  /** Take one input. Throws when a promise is broken; refusing the input is not. */
  run(input: Uint8Array): void;
}

/** Fails with the promise that was broken. */
export function promise(holds: boolean, text: string): void {
  if (!holds) {
    throw new Error(`broken promise: ${text}`);
  }
}
