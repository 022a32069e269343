import type { ServedMethod } from "@msec/rpc";
import type { CallRoom } from "./call-room.ts";
import type { ListenerLimits } from "./limits.ts";
import type { RequestHolder, RunningRequests } from "./running-requests.ts";
import { assumedMs, stopAssuming } from "./srpc/answer-size.ts";
import type { UnreadAnswers } from "./unread-answers.ts";

/** What of memory the HTTP connections of one listener share. */
export interface RoomShared {
  readonly limits: ListenerLimits;
  readonly requests: RunningRequests;
  readonly unread: UnreadAnswers;
}

/** What a connection does about its memory. */
export interface RoomOwner {
  /** Calls wait for room, or none does any more. */
  waits(isWaiting: boolean): void;
  /** It, or all connections together, hold too many unread answers: it must be closed. */
  overflowed(): void;
}

/**
 * How much memory the calls of one HTTP connection take: their requests, what their answers are expected to be, and answers until the
 * peer has taken them. Who finds no room waits, in order; of what such a call still has to say nothing more is read.
 */
export class ConnectionRoom implements RequestHolder {
  readonly shared: RoomShared;
  readonly #owner: RoomOwner;
  #waiting: CallRoom[] = [];
  #calls = 0;
  #bytes = 0;
  #unreadBytes = 0;
  /** What of `#bytes` is mere suspicion, and which suspicion that is. */
  #assumedBytes = 0;
  #assumption = 0;
  #isAssuming = false;
  #isReadingOn = false;

  constructor(shared: RoomShared, owner: RoomOwner) {
    this.shared = shared;
    this.#owner = owner;
  }

  /** Calls that have room. */
  get calls(): number {
    return this.#calls;
  }

  /**
   * Take room for a call, or let it wait for `CallRoom.begin`.
   *
   * @param bytes     of its request
   * @param expected  of its answer
   * @returns whether there is room
   */
  take(room: CallRoom, bytes: number, expected: number): boolean {
    if (this.#waiting.length === 0 && this.#hasRoomFor(bytes + expected)) {
      this.#add(room, bytes, expected);
      return true;
    }
    this.#waiting.push(room);
    if (this.#waiting.length === 1) {
      this.#owner.waits(true);
    }
    if (!this.shared.requests.hasRoom) {
      this.shared.requests.wait(this);
    }
    if (room.method && room.method.answerBytes < 0) {
      this.#stopAssumingSoon(room.method);
    }
    return false;
  }

  /** A call that took room is known to need so much more (or, negative, less). */
  adjust(bytes: number): void {
    this.#bytes += bytes;
    if (bytes < 0) {
      this.readOn();
    }
  }

  /** A call needs no room any more. @param assumption  what `assumption` was when it took room, where its answer's size was assumed */
  give(bytes: number, expected: number, assumption: number): void {
    this.#calls--;
    this.#bytes -= bytes;
    if (assumption < 0) {
      this.#bytes -= expected;
    } else if (assumption === this.#assumption) {
      this.#bytes -= expected;
      this.#assumedBytes -= expected;
    }
    this.readOn();
  }

  /** An answer waits for the peer to take it (or, negative, was taken). */
  unread(bytes: number): void {
    this.#unreadBytes += bytes;
    const isAllowed = this.shared.unread.add(bytes) && this.#unreadBytes <= this.shared.limits.unsent.maxBytes;
    if (!isAllowed && bytes > 0) {
      this.#owner.overflowed();
    }
    if (bytes < 0) {
      this.readOn();
    }
  }

  /** A call that waits is gone. */
  leave(room: CallRoom): void {
    const at = this.#waiting.indexOf(room);
    if (at >= 0) {
      this.#waiting.splice(at, 1);
      this.readOn();
    }
  }

  /** There may be room: let begin what waits, as far as it goes. Not here: an answer may just be on its way into the connection. */
  readOn(): void {
    if (this.#waiting.length > 0 && !this.#isReadingOn) {
      this.#isReadingOn = true;
      queueMicrotask(() => this.#beginWaiting());
    }
  }

  #beginWaiting(): void {
    this.#isReadingOn = false;
    for (let room = this.#waiting[0]; room && this.#hasRoomFor(room.expect()); room = this.#waiting[0]) {
      this.#waiting.shift();
      this.#add(room, room.wantedBytes, room.expectedBytes);
      room.begin();
    }
    const { requests } = this.shared;
    if (this.#waiting.length === 0) {
      requests.leave(this);
      this.#owner.waits(false);
    } else if (!requests.hasRoom) {
      requests.wait(this);
    }
  }

  #hasRoomFor(bytes: number): boolean {
    const { limits, requests } = this.shared;
    return (
      this.#unreadBytes <= limits.unsent.bytes &&
      this.#calls < limits.calls.maxPerConnection &&
      requests.hasRoom &&
      // One call always runs, whatever its size.
      (this.#calls === 0 || this.#bytes + bytes <= limits.calls.maxBytesPerConnection)
    );
  }

  #add(room: CallRoom, bytes: number, expected: number): void {
    this.#calls++;
    this.#bytes += bytes + expected;
    if (room.method && room.method.answerBytes < 0) {
      this.#assumedBytes += expected;
      room.assumption = this.#assumption;
    }
  }

  #stopAssumingSoon(method: ServedMethod): void {
    if (this.#isAssuming) {
      return;
    }
    this.#isAssuming = true;
    const timer = setTimeout(() => {
      this.#isAssuming = false;
      stopAssuming(method);
      this.#bytes -= this.#assumedBytes;
      this.#assumedBytes = 0;
      this.#assumption++;
      this.readOn();
    }, assumedMs);
    timer.unref();
  }
}
