import type { Explanation, Finding, Hearsay } from "@msec/balance";
import { mergeVoices, VOICE_MS, VOICES_MAX, type Voice } from "./voices.ts";

/** Who tells: a process of this host. */
export interface Teller {
  readonly service: string;
  /** `127.0.0.1:7963`, or `pid:1234`. */
  readonly instance: string;
  readonly pid: number;
}

/** One process that calls a service, and what it thinks of each instance that it has told of. */
export interface Caller extends Teller {
  /** Milliseconds since it last told anything. */
  readonly silentMs: number;
  readonly instances: readonly Explanation[];
}

/** The clock, and where instances are looked up: nothing is kept of one that is not in a route table. */
export interface SharedFindingsOptions {
  readonly now: () => number;
  readonly isRouted: (service: string, address: string, port: number) => boolean;
}

interface Told extends Teller {
  toldMs: number;
  /** Service → place → what it thinks. */
  readonly views: Map<string, Map<string, Explanation>>;
}

/** Findings in one exchange. */
export const FINDINGS_MAX = 256;
/** Instances that are told of. */
const HEARSAY_MAX = 1_000;
// What one process may occupy: with 1,000 processes, all at their limits, some hundreds of megabytes; the usual is a few rows each.
const VIEWS_MAX = 2_000;
const INSTANCES_MAX = 20_000;
// What is remarkable is worked out so often at most: with 1,000 bad instances and 64 voices about each it takes some milliseconds, and each process asks every second.
const HEARSAY_KEPT_MS = 250;
// A process that has told nothing for this long is gone, or calls nobody.
const CALLER_MS = 15_000;

/**
 * What the processes of this host found at the instances that they call, merged for all of them.
 *
 * @see docs/decisions/0007-agent-local-api.md for the rule, and what one lying process can bring about
 */
export class SharedFindings {
  readonly #options: SharedFindingsOptions;
  /** Service → place → pid → voice. */
  readonly #voices = new Map<string, Map<string, Map<number, Voice>>>();
  readonly #told = new Map<number, Told>();
  #instances = 0;
  #sweptMs = 0;
  #heard = new Map<string, Hearsay[]>();
  #heardMs = Number.NEGATIVE_INFINITY;

  constructor(options: SharedFindingsOptions) {
    this.#options = options;
  }

  /**
   * Take what a process found; of instances that are in no table, or beyond what is kept, nothing.
   *
   * @param findings  sound ones: see `checkedFindings`
   */
  tell(teller: Teller, service: string, findings: readonly Finding[]): void {
    const nowMs = this.#options.now();
    this.#sweep(nowMs);
    const told = this.#tellerOf(teller, nowMs);
    for (const finding of findings) {
      const { address, port } = finding;
      if (!this.#options.isRouted(service, address, port)) continue;
      const place = placeOf(address, port);
      this.#keepView(told, service, place, finding);
      if (finding.ageMs < VOICE_MS) this.#keepVoice(teller.pid, service, place, finding, nowMs);
    }
  }

  /** A process is there, though it has found nothing new. */
  touch(teller: Teller): void {
    const nowMs = this.#options.now();
    this.#sweep(nowMs);
    this.#tellerOf(teller, nowMs);
  }

  /** What is remarkable: service → instances, at most 1,000 of them; up to a quarter of a second old. */
  hearsay(): ReadonlyMap<string, readonly Hearsay[]> {
    const nowMs = this.#options.now();
    if (nowMs - this.#heardMs >= HEARSAY_KEPT_MS) {
      this.#heard = this.#allHearsay(nowMs);
      this.#heardMs = nowMs;
    }
    return this.#heard;
  }

  /** What is remarkable about one service. */
  hearsayOf(service: string): Hearsay[] {
    return this.#hearsayOf(service, this.#options.now(), HEARSAY_MAX);
  }

  /** The processes that call a service, in the order of their pids. */
  callersOf(service: string): Caller[] {
    const nowMs = this.#options.now();
    this.#sweep(nowMs);
    return [...this.#told.values()]
      .flatMap(({ views, toldMs, ...teller }) => {
        const view = views.get(service);
        return view === undefined ? [] : [{ ...teller, silentMs: nowMs - toldMs, instances: [...view.values()] }];
      })
      .sort((a, b) => a.pid - b.pid);
  }

  #allHearsay(nowMs: number): Map<string, Hearsay[]> {
    const found = new Map<string, Hearsay[]>();
    let room = HEARSAY_MAX;
    for (const service of this.#voices.keys()) {
      const remarkable = this.#hearsayOf(service, nowMs, room);
      room -= remarkable.length;
      if (remarkable.length > 0) found.set(service, remarkable);
    }
    return found;
  }

  #hearsayOf(service: string, nowMs: number, most: number): Hearsay[] {
    const heard: Hearsay[] = [];
    for (const [place, voices] of this.#voices.get(service) ?? []) {
      if (heard.length >= most) break;
      const verdict = mergeVoices(voices.values(), nowMs - VOICE_MS);
      if (verdict === undefined) continue;
      const { atMs, ...said } = verdict;
      const [address = "", port] = place.split(" ");
      heard.push({ ...said, address, port: Number(port), ageMs: nowMs - atMs });
    }
    return heard;
  }

  #tellerOf(teller: Teller, nowMs: number): Told {
    let told = this.#told.get(teller.pid);
    if (told === undefined || told.service !== teller.service || told.instance !== teller.instance) {
      told = { ...teller, toldMs: nowMs, views: new Map() };
      this.#told.set(teller.pid, told);
    }
    told.toldMs = nowMs;
    return told;
  }

  #keepView(told: Told, service: string, place: string, finding: Finding): void {
    let view = told.views.get(service);
    if (view?.has(place) !== true) {
      let size = 0;
      for (const each of told.views.values()) size += each.size;
      if (size >= VIEWS_MAX) return;
    }
    if (view === undefined) {
      view = new Map();
      told.views.set(service, view);
    }
    const {
      calls: _calls,
      ageMs: _age,
      leftOut: _out,
      latencyRatio: _latency,
      successShare: _success,
      ...explanation
    } = finding;
    view.set(place, explanation);
  }

  #keepVoice(pid: number, service: string, place: string, finding: Finding, nowMs: number): void {
    let places = this.#voices.get(service);
    if (places === undefined) {
      places = new Map();
      this.#voices.set(service, places);
    }
    let voices = places.get(place);
    if (voices === undefined) {
      if (this.#instances >= INSTANCES_MAX) return;
      this.#instances++;
      voices = new Map();
      places.set(place, voices);
    }
    if (!voices.has(pid) && voices.size >= VOICES_MAX) return;
    const { leftOut, latencyRatio, successShare, ageMs } = finding;
    voices.set(pid, { leftOut, latencyRatio, successShare, atMs: nowMs - ageMs });
  }

  // Once a second at most: what is too old to count, or in no table any more.
  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptMs < 1_000) return;
    this.#sweptMs = nowMs;
    for (const [pid, { toldMs }] of this.#told) if (nowMs - toldMs >= CALLER_MS) this.#told.delete(pid);
    for (const { views } of this.#told.values()) this.#sweepViews(views);
    this.#instances = 0;
    for (const [service, places] of this.#voices) {
      for (const [place, voices] of places) {
        for (const [pid, { atMs }] of voices) if (nowMs - atMs >= VOICE_MS) voices.delete(pid);
        if (voices.size === 0 || !this.#isRouted(service, place)) places.delete(place);
      }
      this.#instances += places.size;
      if (places.size === 0) this.#voices.delete(service);
    }
  }

  #sweepViews(views: Map<string, Map<string, Explanation>>): void {
    for (const [service, view] of views) {
      for (const place of view.keys()) if (!this.#isRouted(service, place)) view.delete(place);
      if (view.size === 0) views.delete(service);
    }
  }

  #isRouted(service: string, place: string): boolean {
    const [address = "", port] = place.split(" ");
    return this.#options.isRouted(service, address, Number(port));
  }
}

function placeOf(address: string, port: number): string {
  return `${address} ${port}`;
}
