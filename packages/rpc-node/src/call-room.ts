import { Code, RpcError, type ServedCall, type ServedMethod } from "@msec/rpc";
import type { ConnectionRoom } from "./connection-room.ts";
import { expectedAnswerBytes, learnAnswerBytes } from "./srpc/answer-size.ts";

const none = -1;

/**
 * The memory of one HTTP call, from the first byte of its body until the peer has taken its answer.
 *
 * States: `new` → `waiting` (for room) → `taken` → `answered` → `over`; `waiting` is left out where there is room, and any state ends in `over`.
 */
export class CallRoom {
  /** `undefined` for streaming calls: of what they answer nothing is expected, since they are asked for each response when the last is taken. */
  readonly method: ServedMethod | undefined;
  readonly #connection: ConnectionRoom;
  /** Of its request, when it took room or began to wait for it. */
  wantedBytes = 0;
  expectedBytes = 0;
  /** Which assumption of the connection's the answer's expected size is; -1 for none. */
  assumption = none;
  isWaiting = false;
  #isTaken = false;
  #arrivedBytes = 0;
  /** What of `#arrivedBytes` has not come, but may. */
  #heldBytes = 0;
  #runningBytes = 0;
  #answerBytes = 0;
  #begun: (() => void) | undefined;

  constructor(connection: ConnectionRoom, method: ServedMethod | undefined) {
    this.#connection = connection;
    this.method = method;
  }

  /** What is known of answers by now. @returns all that it wants of its connection, in bytes */
  expect(): number {
    this.expectedBytes = this.method ? expectedAnswerBytes(this.method) : 0;
    return this.wantedBytes + this.expectedBytes;
  }

  /** Whether it has room, as far as it asked for any. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /**
   * Take room for a request of so many bytes; `begun` is called when there is some, at once or later. Once there is, a second asking adjusts it.
   *
   * @returns whether `begun` was called
   */
  take(bytes: number, begun: () => void): boolean {
    if (this.#isTaken) {
      this.#connection.adjust(bytes - this.wantedBytes);
      this.wantedBytes = bytes;
      begun();
      return true;
    }
    this.wantedBytes = bytes;
    this.#begun = begun;
    if (this.isWaiting) {
      return false;
    }
    this.expect();
    if (this.#connection.take(this, bytes, this.expectedBytes)) {
      this.#isTaken = true;
      begun();
      return true;
    }
    this.isWaiting = true;
    return false;
  }

  /** The same for a call whose request is complete and has so many bytes; the time that it waits for room is no queue of this process's work. */
  takeFor(call: ServedCall, bytes: number, begun: () => void): void {
    let waited = false;
    waited = !this.take(bytes, () => {
      if (waited) {
        call.waitingSinceMs = performance.now();
      }
      begun();
    });
  }

  /** There is room now. Called by the connection only. */
  begin(): void {
    this.isWaiting = false;
    this.#isTaken = true;
    this.#begun?.();
  }

  /** So many bytes of its body came. @returns why that is too much */
  arrived(bytes: number): RpcError | undefined {
    this.#arrivedBytes += bytes;
    const { requests, limits } = this.#connection.shared;
    return requests.arrive(bytes)
      ? undefined
      : new RpcError(
          Code.ResourceExhausted,
          `requests that are not complete take more than calls.maxBytes ${limits.calls.maxBytes} here; call another instance or later`,
          { details: { notExecuted: true } },
        );
  }

  /** While it waits for room the peer's window, so many bytes, fills. @returns why that is too much */
  hold(bytes: number): RpcError | undefined {
    this.#heldBytes = bytes;
    return this.arrived(bytes);
  }

  /** It is read on: what was held comes, and is counted as it does. */
  unhold(): void {
    this.#arrivedBytes -= this.#heldBytes;
    this.#connection.shared.requests.arrive(-this.#heldBytes);
    this.#heldBytes = 0;
  }

  /** Its body is complete, with so many bytes, and its handler begins. */
  runs(bytes: number): void {
    this.#forgetArrived();
    this.#runningBytes = bytes;
    this.#connection.shared.requests.add(bytes);
  }

  /** Its answer, of so many bytes, was handed to the connection. */
  answered(bytes: number): void {
    if (this.method) {
      learnAnswerBytes(this.method, bytes);
    }
    this.#answerBytes += bytes;
    this.#connection.unread(bytes);
    this.#give();
  }

  /** Its answer was taken, or nobody waits for one. */
  end(): void {
    if (this.isWaiting) {
      this.isWaiting = false;
      this.#connection.leave(this);
    }
    this.#give();
    if (this.#answerBytes !== 0) {
      this.#connection.unread(-this.#answerBytes);
      this.#answerBytes = 0;
    }
  }

  /** A message of a streaming call is complete: it is the handler's from now on. */
  handedOver(): void {
    this.#give();
  }

  #give(): void {
    this.#forgetArrived();
    const running = this.#runningBytes;
    this.#runningBytes = 0;
    if (this.#isTaken) {
      this.#isTaken = false;
      this.#connection.give(this.wantedBytes, this.expectedBytes, this.assumption);
      this.assumption = none;
    }
    if (running !== 0) {
      this.#connection.shared.requests.add(-running);
    }
  }

  #forgetArrived(): void {
    if (this.#arrivedBytes !== 0) {
      this.#connection.shared.requests.arrive(-this.#arrivedBytes);
      this.#arrivedBytes = 0;
      this.#heldBytes = 0;
    }
  }
}
