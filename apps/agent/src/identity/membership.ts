import type { Log } from "@msec/process";
import { UserError } from "@msec/process";
import type { AgentArguments } from "../arguments.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import type { AgentPaths } from "../config/agent-paths.ts";
import type { ControlLink } from "../control/control-link.ts";
import { sleep } from "../control/retry.ts";
import { enrol, forgetToken, noToken } from "./enrol.ts";
import { type Enrolment, readEnrolmentFile } from "./enrolment-file.ts";
import { type Identity, readIdentity, writeIdentity } from "./identity-file.ts";

/** What membership stands on. */
export interface MembershipOptions {
  readonly paths: AgentPaths;
  readonly config: AgentConfig;
  readonly log: Log;
  readonly hostName: string;
  readonly args: Pick<AgentArguments, "enrollTokenFile">;
  /** Called with each new identity, before it is kept. */
  readonly onEnrolled: () => Promise<void>;
}

/** How often a host that the server does not know looks for a new token. */
const TOKEN_CHECK_MS = 1_000;

/**
 * Whose host this is. `none` → `enrolled` by a token; `enrolled` → `unknown` when the server says that it does not know this
 * key (it was set up anew, or an operator removed the host); `unknown` → `enrolled` by a new token. Instances run on in all.
 */
export class Membership {
  readonly #options: MembershipOptions;
  #identity: Identity | undefined;
  #unknown = Promise.withResolvers<void>();

  private constructor(options: MembershipOptions, identity: Identity | undefined) {
    this.#options = options;
    this.#identity = identity;
  }

  /** @throws UserError when the host is not enrolled and nothing is there to enrol it with */
  static async open(options: MembershipOptions): Promise<Membership> {
    const membership = new Membership(options, await readIdentity(options.paths.identity, options.log));
    // Said now rather than in the background: it is the person at the terminal who can do something about it.
    if (membership.#identity === undefined && membership.#readEnrolment() === undefined) throw noToken();
    return membership;
  }

  /** Empty id until it is enrolled. */
  get host(): { readonly hostId: string; readonly hostName: string } {
    const { hostId = "", hostName = this.#options.hostName } = this.#identity ?? {};
    return { hostId, hostName };
  }

  /** The server says that it does not know this host. */
  unknownToServer(): void {
    this.#unknown.resolve();
  }

  /**
   * See to it that the link has an identity, until the signal aborts.
   *
   * @throws UserError when the first enrolment is refused
   */
  async follow(link: ControlLink, signal: AbortSignal): Promise<void> {
    const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    try {
      if (this.#identity === undefined || this.#belongsElsewhere()) await this.#enrol(link, signal);
      else this.#use(link, this.#identity);
      while (!signal.aborted) {
        await Promise.race([this.#unknown.promise, stopped]);
        if (!signal.aborted) await this.#enrolAgain(link, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** A token for another server than the one that it enrolled with: it was moved, or the server was set up anew. */
  #belongsElsewhere(): boolean {
    const enrolment = this.#readEnrolment();
    return enrolment !== undefined && enrolment.fingerprint !== this.#identity?.serverFingerprint;
  }

  async #enrolAgain(link: ControlLink, signal: AbortSignal): Promise<void> {
    this.#options.log.error("the server does not know this host; what runs goes on without it", {
      hint: "enrol it again: get a token on the server's machine (msec token --host <name>) and start the agent with --enroll-token-file",
    });
    while (!signal.aborted && this.#readEnrolment() === undefined) await sleep(TOKEN_CHECK_MS, signal);
    if (signal.aborted) return;
    try {
      await this.#enrol(link, signal);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#options.log.error(error.message, { hint: error.hint });
      forgetToken(this.#tokenFile());
    }
    this.#unknown = Promise.withResolvers<void>();
  }

  async #enrol(link: ControlLink, signal: AbortSignal): Promise<void> {
    const { config, hostName, log, paths } = this.#options;
    const host = { hostName, address: config.address };
    const identity = await enrol(
      host,
      () => this.#readEnrolment(),
      log,
      signal,
      (why) => link.setWaiting(why),
    );
    await this.#options.onEnrolled();
    await writeIdentity(paths.identity, identity);
    forgetToken(this.#tokenFile());
    this.#identity = identity;
    this.#use(link, identity);
  }

  /** What the configuration names comes before what the agent enrolled with. */
  #use(link: ControlLink, identity: Identity): void {
    const { server, fingerprint } = this.#configured();
    link.setTarget({
      ...identity,
      server: server ?? identity.server,
      serverFingerprint: fingerprint ?? identity.serverFingerprint,
    });
  }

  #readEnrolment(): Enrolment | undefined {
    return readEnrolmentFile(this.#tokenFile(), this.#configured());
  }

  #tokenFile(): string {
    return this.#options.args.enrollTokenFile ?? this.#options.paths.enroll;
  }

  #configured(): { readonly server?: string; readonly fingerprint?: string } {
    const { server, server_fingerprint: fingerprint } = this.#options.config;
    return {
      ...(server === "" ? {} : { server }),
      ...(fingerprint === "" ? {} : { fingerprint }),
    };
  }
}
