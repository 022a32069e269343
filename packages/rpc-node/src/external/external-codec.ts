/**
 * The protocol of a service that is not one of ours: how a request becomes bytes, where a packet ends, and which request it answers. Make one for a protocol, once:
 * connections are kept for each codec.
 */
export interface ExternalCodec<Request, Response = Uint8Array> {
  /**
   * The bytes of a request.
   *
   * @param sequence  1…2_147_483_647, different for each request that is outstanding; a protocol without sequences does without it
   */
  encode(request: Request, sequence: number): Uint8Array;
  /**
   * How long the packet is that begins at the first byte.
   *
   * @param buffer  what has arrived, at least one byte; on UDP one datagram
   * @returns its length in bytes, also while not all of it is there; 0 where more bytes are needed to tell; negative where these bytes
   *          are none of this protocol (the connection is closed)
   */
  packetLength(buffer: Uint8Array): number;
  /**
   * The sequence of the request that a packet answers; `undefined` for a packet that answers none (it is ignored).
   *
   * With it, requests share one connection and are answered in any order. Without it, a connection carries one request at a time, and there are several.
   */
  sequenceOf?(packet: Uint8Array): number | bigint | undefined;
  /** The response in a packet; default: the packet's bytes. What it throws fails the call with Internal; an `RpcError` passes. */
  decode?(packet: Uint8Array): Response;
}

/** Where an external service is; `tcp` unless said otherwise. */
export type ExternalTarget =
  | { readonly address: string; readonly port: number; readonly protocol?: "tcp" | "udp" | undefined }
  | { readonly path: string };
