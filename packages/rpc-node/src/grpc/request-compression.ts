import { compressedEnvelope } from "./encode-envelope.ts";
import { gzipMessage } from "./grpc-compression.ts";

const prefixBytes = 5;
const chosen = new WeakMap<object, boolean>();

/**
 * Say of one request whether it goes compressed over a gRPC channel with `compressMinBytes`, whatever its length; in a stream each for itself. Of use where some requests are secrets
 * (a compressed one's length tells of its content), or cannot become smaller. Other channels send it as it is.
 *
 * @param request  the object that the call is given
 * @returns `request`
 */
export function compressRequest<T extends object>(request: T, isCompressed: boolean): T {
  chosen.set(request, isCompressed);
  return request;
}

/**
 * Compresses the requests of one call. connect-es decides by length for a whole transport; so it hands them over as they are, in the order in which they were asked for, and this decides.
 */
export class RequestCompression {
  readonly #minBytes: number;
  /** Of requests that connect-es has taken and not yet handed over. */
  readonly #choices: (boolean | undefined)[] = [];

  /** @param minBytes  what has so many bytes or more is compressed, unless something else was chosen for it */
  constructor(minBytes: number) {
    this.#minBytes = minBytes;
  }

  /** connect-es takes a request. */
  taken(request: object): void {
    this.#choices.push(chosen.get(request));
  }

  /** What goes over the wire. @param envelopes  one of each request, with its prefix, not compressed */
  async *compress(envelopes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    for await (const envelope of envelopes) {
      const isCompressed = this.#choices.shift() ?? envelope.length - prefixBytes >= this.#minBytes;
      yield isCompressed ? compressedEnvelope(await gzipMessage(envelope.subarray(prefixBytes))) : envelope;
    }
  }
}
