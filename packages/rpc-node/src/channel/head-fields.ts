import type { RequestHeadFields } from "@msec/wire";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const none = new Uint8Array(24);

// One object for all calls of the process: it is filled, encoded and forgotten within one call.
const fields: Mutable<RequestHeadFields> = {
  trace: none,
  traceAt: 0,
  traceFlags: 0,
  timeoutMs: 0,
  metadata: undefined,
  hops: 0,
  retry: 0,
  coloring: 0,
};

/** The shared head fields with the ids of `ids[at…]` (as in an `IdCell` of `@msec/rpc`) in them; use them up before the next call. */
export function headFields(ids: Uint8Array, at: number): Mutable<RequestHeadFields> {
  // Nearly always the same array as for the call before: see `CallRecord.useIds`.
  if (fields.trace !== ids) {
    fields.trace = ids;
  }
  fields.traceAt = at;
  return fields;
}
