import { ControlService } from "@msec/api/agent/v1/control_pb.js";
import { type Log, parsePlaces, UserError } from "@msec/process";
import { type Client, Code, codeName, createClient, RpcError, type UnaryCall } from "@msec/rpc";
import { type Channel, createChannel } from "@msec/rpc-node";
import { RetryPause } from "./retry.ts";

/** The server to dial, and as whom. */
export interface ControlTarget {
  /** `address:port` of the server, and of its standbys, separated by commas: one of them serves at a time. */
  readonly server: string;
  /** SHA-256 of the server's certificate, lower-case hex: no other is talked to. */
  readonly serverFingerprint: string;
  /** PEM. */
  readonly privateKey: string;
  /** PEM. */
  readonly certificate: string;
}

/** Whether the server is reached. */
export interface LinkStatus {
  readonly connected: boolean;
  /** Milliseconds since 1970 UTC, when it last became so; 0 while not connected. */
  readonly sinceMs: number;
  /** Why not; empty while connected. */
  readonly error: string;
}

/** The largest answer: every table of 100,000 instances is about 8 MiB. */
const FRAME_MAX_BYTES = 32 * 1024 * 1024;

/**
 * A channel to the server with this agent's key, that accepts the pinned certificate only.
 *
 * @param turn  which of several addresses: each in its turn, beginning with the first at 0
 * @throws UserError for a bad address
 */
export function dialServer(target: ControlTarget, turn: number): Channel {
  const places = parsePlaces(target.server);
  if (places === undefined) {
    throw new UserError(`${JSON.stringify(target.server)} is not the address:port of a server`);
  }
  const address = places[turn % places.length]!;
  return createChannel(address, {
    caller: "msec.agent",
    tls: {
      key: target.privateKey,
      cert: target.certificate,
      verify: (fingerprint) => fingerprint === target.serverFingerprint,
    },
    // The pauses here are the channel's own floor; each exchange has its own `RetryPause` above it.
    limits: { connect: { backoffMs: 50, maxBackoffMs: 2_000 }, frames: { maxBytes: FRAME_MAX_BYTES } },
  });
}

/**
 * The way to the server: one connection that carries every exchange.
 *
 * `connected` → `disconnected` at the first call that fails for lack of a connection, and back at the first that succeeds;
 * each change is logged once. There is no other state to keep: every exchange repeats itself until it works.
 */
export class ControlLink {
  readonly #log: Log;
  #target: ControlTarget | undefined;
  #channel: Channel | undefined;
  #client: Client<typeof ControlService> | undefined;
  #call: UnaryCall | undefined;
  /** Which of the target's addresses is dialled. */
  #turn = 0;
  #status: LinkStatus = { connected: false, sinceMs: 0, error: "has not tried yet" };
  #closed = false;
  /** Exchanges that the server refused the last time, and why: told once each, not with every attempt. */
  readonly #refusals = new Map<string, string>();
  readonly #onUnknownHost: () => void;

  /** @param onUnknownHost  called when the server says that it does not know this host's key */
  constructor(log: Log, onUnknownHost: () => void) {
    this.#log = log;
    this.#onUnknownHost = onUnknownHost;
  }

  get status(): LinkStatus {
    return this.#status;
  }

  /** Whom to talk to from now on. */
  setTarget(target: ControlTarget): void {
    this.#target = target;
    this.#turn = 0;
    this.#redial();
  }

  /** Say why there is no target yet, for people. */
  setWaiting(why: string): void {
    this.#failed(why);
  }

  /**
   * Repeat one exchange with the server until the signal aborts: at once after success, after a jittered, growing pause
   * after a failure.
   *
   * @param step  one exchange, by the client or, for services of other capabilities, by the call itself; throws `RpcError` as calls do. Other errors are defects: they are logged, and it goes on
   */
  async repeat(
    what: string,
    signal: AbortSignal,
    step: (client: Client<typeof ControlService>, call: UnaryCall) => Promise<void>,
  ): Promise<void> {
    const pause = new RetryPause();
    while (!signal.aborted) {
      const client = this.#client;
      const call = this.#call;
      if (client === undefined || call === undefined) {
        await pause.wait(signal);
        continue;
      }
      try {
        await step(client, call);
        this.#works(what);
        pause.reset();
      } catch (error) {
        if (signal.aborted) return;
        if (client === this.#client) this.#report(what, error);
        await pause.wait(signal);
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#client = undefined;
    await this.#channel?.close({ graceMs: 0 });
  }

  #redial(): void {
    void this.#channel?.close({ graceMs: 0 });
    if (this.#target === undefined || this.#closed) return;
    const channel = dialServer(this.#target, this.#turn);
    const call: UnaryCall = async (method, request, options) => {
      const answer = await channel.call(method, request, options);
      if (channel === this.#channel) this.#succeeded();
      return answer;
    };
    this.#channel = channel;
    this.#call = call;
    this.#client = createClient(ControlService, call);
  }

  /** The address that is dialled, for people. */
  get #dialled(): string | undefined {
    const places = this.#target?.server.split(",") ?? [];
    return places[this.#turn % places.length]?.trim();
  }

  /** The other end is gone: where it has a standby, that may serve now. */
  #dialNext(): void {
    this.#turn++;
    this.#redial();
  }

  #succeeded(): void {
    if (this.#status.connected) return;
    this.#status = { connected: true, sinceMs: Date.now(), error: "" };
    this.#log.info("connected to the server", { server: this.#dialled });
  }

  #failed(error: string): void {
    if (this.#status.connected || this.#status.error !== error) {
      // The same failure again is one line, not one for each attempt: its text may carry a time that differs.
      if (withoutNumbers(error) !== withoutNumbers(this.#status.error)) {
        this.#log.warn("the server cannot be reached", { server: this.#dialled, error });
      }
      this.#status = { connected: false, sinceMs: 0, error };
    }
  }

  #report(what: string, error: unknown): void {
    if (!(error instanceof RpcError)) {
      this.#log.error(`${what} failed`, { error });
      return;
    }
    const text = `${codeName(error.code)}: ${error.message}`;
    switch (error.code) {
      case Code.Unauthenticated:
        this.#failed(text);
        this.#onUnknownHost();
        break;
      case Code.DeadlineExceeded:
        // The server should have answered: a connection whose other end vanished without a word looks like this.
        this.#failed(text);
        this.#dialNext();
        break;
      case Code.Unavailable:
        // With a return code the server itself has answered: it is there, and something that it needs is not.
        if (error.details.ret === undefined) {
          this.#failed(text);
          // A channel dials one address again by itself.
          if (this.#target?.server.includes(",") === true) this.#dialNext();
        } else {
          this.#refused(what, text);
        }
        break;
      default:
        this.#refused(what, text);
    }
  }

  #refused(what: string, text: string): void {
    this.#succeeded();
    if (withoutNumbers(this.#refusals.get(what) ?? "") !== withoutNumbers(text)) {
      this.#log.warn(`${what}: the server refused`, { error: text });
    }
    this.#refusals.set(what, text);
  }

  #works(what: string): void {
    if (this.#refusals.delete(what)) this.#log.info(`${what}: the server accepts it again`);
  }
}

function withoutNumbers(text: string): string {
  return text.replace(/\d+/g, "");
}
