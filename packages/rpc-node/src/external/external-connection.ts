import { Code, RpcError } from "@msec/rpc";
import { type ExternalCall, failureOf } from "./external-call.ts";
import type { ExternalTarget } from "./external-codec.ts";
import { openPacketSocket, type PacketRules, type PacketSocket, type PacketSocketOwner } from "./packet-socket.ts";

/** What a connection works with. */
export interface ExternalConnectionOptions {
  readonly target: ExternalTarget;
  /** For messages. */
  readonly address: string;
  readonly rules: PacketRules;
  /** `undefined`: one call at a time. */
  readonly sequenceOf: ((packet: Uint8Array) => number | bigint | undefined) | undefined;
}

/** What a connection tells the channel that owns it. */
export interface ExternalConnectionOwner {
  opened(): void;
  /** A packet that answers nothing that is outstanding. */
  ignored(): void;
  /** Nothing is outstanding on it any more. */
  idle(connection: ExternalConnection): void;
  /** It is over; its calls have been failed. */
  ended(connection: ExternalConnection, error: RpcError): void;
}

/**
 * One connection to an external service, with the calls that it carries.
 *
 * States: `connecting` (calls wait) → `open` → ended; `connecting` → ended. Caused by the network, the other end, `destroy`.
 */
export class ExternalConnection implements PacketSocketOwner {
  isOpen = false;
  /** When it last became idle, `performance.now`. */
  idleSinceMs = 0;
  readonly #calls = new Map<number, ExternalCall>();
  readonly #sequenceOf: ExternalConnectionOptions["sequenceOf"];
  readonly #owner: ExternalConnectionOwner;
  readonly #socket: PacketSocket;
  readonly #connectLimit: NodeJS.Timeout;

  constructor(
    options: ExternalConnectionOptions,
    connectTimeoutMs: number,
    owner: ExternalConnectionOwner,
    tooSlow: () => RpcError,
  ) {
    this.#owner = owner;
    this.#sequenceOf = options.sequenceOf;
    const tooLate = () => {
      if (!this.isOpen) this.destroy(tooSlow());
    };
    // Not at once: after a long turn timers come before what has arrived meanwhile.
    this.#connectLimit = setTimeout(() => setImmediate(tooLate), connectTimeoutMs);
    this.#socket = openPacketSocket(options.target, options.address, options.rules, this);
  }

  /** Calls outstanding on it. */
  get inFlight(): number {
    return this.#calls.size;
  }

  /** Send a call, now or as soon as it is open. */
  add(call: ExternalCall): void {
    this.#calls.set(call.sequence, call);
    if (this.isOpen) this.#send(call);
  }

  /** A call was given up: its answer will not be taken for another's. */
  remove(call: ExternalCall, reason: RpcError): void {
    if (!this.#calls.delete(call.sequence)) return;
    // Without sequences the late answer would be taken for that of the next call.
    if (this.#sequenceOf === undefined && call.isSent) this.destroy(reason);
    else this.#settled();
  }

  /** Close; what is outstanding fails. */
  destroy(error: RpcError): void {
    this.#socket.destroy();
    this.failed(error);
  }

  opened(): void {
    clearTimeout(this.#connectLimit);
    this.isOpen = true;
    this.#owner.opened();
    for (const call of this.#calls.values()) this.#send(call);
  }

  packet(bytes: Uint8Array): void {
    const call = this.#callOf(bytes);
    if (call === undefined) {
      this.#owner.ignored();
      return;
    }
    this.#calls.delete(call.sequence);
    call.answer(bytes);
    this.#settled();
  }

  garbage(error: RpcError): void {
    // Only where one call is outstanding is it certain whose answer this was to be.
    const [call] = this.#calls.values();
    if (this.#sequenceOf !== undefined || call === undefined) {
      this.#owner.ignored();
      return;
    }
    this.#calls.delete(call.sequence);
    call.fail(error);
    this.#settled();
  }

  failed(error: RpcError): void {
    clearTimeout(this.#connectLimit);
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    this.#owner.ended(this, error);
    for (const call of calls) call.fail(failureOf(call, error));
  }

  #send(call: ExternalCall): void {
    call.isSent = true;
    call.onSent?.();
    this.#socket.send(call.packet);
  }

  #callOf(packet: Uint8Array): ExternalCall | undefined {
    if (this.#sequenceOf === undefined) return this.#calls.values().next().value;
    let sequence: number | bigint | undefined;
    try {
      sequence = this.#sequenceOf(packet);
    } catch (cause) {
      throw new RpcError(Code.Internal, `sequenceOf failed: ${(cause as Error)?.message ?? String(cause)}`, { cause });
    }
    return sequence === undefined ? undefined : this.#calls.get(Number(sequence));
  }

  #settled(): void {
    if (this.#calls.size > 0) return;
    this.idleSinceMs = performance.now();
    this.#owner.idle(this);
  }
}
