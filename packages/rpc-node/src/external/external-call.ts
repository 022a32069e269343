import { RpcError } from "@msec/rpc";

/** An answer, with what recording the call needs. */
export interface ExternalAnswer<Response> {
  readonly response: Response;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/** One call on its way. */
export interface ExternalCall {
  readonly sequence: number;
  readonly packet: Uint8Array;
  /** Something of it was handed to a socket. */
  isSent: boolean;
  /** Hears of it. */
  readonly onSent?: (() => void) | undefined;
  /** Takes the packet that answers it. */
  answer(packet: Uint8Array): void;
  fail(error: RpcError): void;
}

/** The failure of a connection, as the failure of a call that it leaves without an answer. */
export function failureOf(call: ExternalCall, { code, message, cause }: RpcError): RpcError {
  return new RpcError(code, message, { cause, ...(call.isSent ? {} : { details: { notSent: true } }) });
}
