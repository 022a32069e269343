import { Side } from "./batch.ts";
import { CallCell } from "./call-cell.ts";
import type { Dictionary } from "./dictionary.ts";

/** What calls of one side and method with one peer have in common: their strings' references and their cells. */
export class CallEdge {
  readonly side: Side;
  readonly method: string;
  readonly peerService: string;
  readonly peerInstance: string;
  /** Shared with other edges where their calls are counted together. */
  readonly #cells: CallCell[];
  readonly #countedInstance: string;
  methodRef = 0;
  peerServiceRef = 0;
  peerInstanceRef = 0;
  #epoch = -1;

  constructor(
    names: { side: Side; method: string; peerService: string; peerInstance: string },
    counted: { instance: string; cells: CallCell[] },
  ) {
    this.side = names.side;
    this.method = names.method;
    this.peerService = names.peerService;
    this.peerInstance = names.peerInstance;
    this.#countedInstance = counted.instance;
    this.#cells = counted.cells;
  }

  /** The cell of a result code. */
  cellOf(code: number): CallCell {
    const known = this.#cells[code];
    if (known !== undefined) return known;
    const { side, method, peerService } = this;
    const cell = new CallCell({ side, method, peerService, peerInstance: this.#countedInstance, code });
    this.#cells[code] = cell;
    return cell;
  }

  /** Makes the references valid in the batch at hand; quick when they are. */
  resolveRefs(dictionary: Dictionary): void {
    if (this.#epoch === dictionary.epoch) return;
    this.#epoch = dictionary.epoch;
    this.methodRef = dictionary.refOf(this.method);
    this.peerServiceRef = dictionary.refOf(this.peerService);
    this.peerInstanceRef = dictionary.refOf(this.peerInstance);
  }
}

/** The method under which calls are counted when there are more methods and peers than the limit. */
export const OTHER_METHOD = "(other)";

type Peer = { instances: Map<string, CallEdge>; counted: Map<string, CallCell[]> };

/**
 * The edges of one side, found by three map look-ups without building a key, or by none when the call is like the one before.
 */
export class CallEdges {
  readonly #side: Side;
  readonly #maxEdges: number;
  #methods = new Map<string, Map<string, Peer>>();
  #size = 0;
  #previous: CallEdge;
  #other: CallEdge;

  constructor(side: Side, maxEdges: number) {
    this.#side = side;
    this.#maxEdges = maxEdges;
    this.#other = this.#newOther();
    this.#previous = this.#other;
  }

  /** The edge that counts calls of this method and peer. */
  edgeOf(method: string, peerService: string, peerInstance: string): CallEdge {
    const previous = this.#previous;
    if (previous.peerInstance === peerInstance && previous.method === method && previous.peerService === peerService) {
      return previous;
    }
    const edge =
      this.#methods.get(method)?.get(peerService)?.instances.get(peerInstance) ??
      this.#add(method, peerService, peerInstance);
    this.#previous = edge;
    return edge;
  }

  /** Forgets edges when there are many: peers come and go. Only between batches, with all cells written. */
  trim(): void {
    if (this.#size <= this.#maxEdges / 2) return;
    this.#methods = new Map();
    this.#size = 0;
    this.#other = this.#newOther();
    this.#previous = this.#other;
  }

  #add(method: string, peerService: string, peerInstance: string): CallEdge {
    // Four fifths for peers, so that a flood of them leaves room for the names under which they are counted together.
    const names = { side: this.#side, method, peerService, peerInstance };
    let peer = this.#methods.get(method)?.get(peerService);
    if (peer === undefined) {
      if (this.#size >= this.#maxEdges) return this.#other;
      peer = { instances: new Map(), counted: new Map() };
      const peers = this.#methods.get(method) ?? new Map<string, Peer>();
      peers.set(peerService, peer);
      this.#methods.set(method, peers);
      this.#size++;
    }
    const full = this.#size >= this.#maxEdges * 0.8;
    const counted = full ? "" : countedInstance(this.#side, peerInstance);
    const cells = peer.counted.get(counted) ?? [];
    peer.counted.set(counted, cells);
    const edge = new CallEdge(names, { instance: counted, cells });
    if (full) return edge;
    peer.instances.set(peerInstance, edge);
    this.#size++;
    return edge;
  }

  #newOther(): CallEdge {
    const names = { side: this.#side, method: OTHER_METHOD, peerService: "", peerInstance: "" };
    return new CallEdge(names, { instance: "", cells: [] });
  }
}

// A caller's port is drawn anew for each of its connections: a curve for each would say nothing and never end.
function countedInstance(side: Side, peerInstance: string): string {
  if (side === Side.client) return peerInstance;
  const colon = peerInstance.lastIndexOf(":");
  return colon < 0 ? peerInstance : peerInstance.slice(0, colon);
}
