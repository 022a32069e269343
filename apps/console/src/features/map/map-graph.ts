import { type GetServiceMapResponse, type ServiceMapEdge, ServiceMapKind } from "@msec/api/console/v1/requests_pb.js";
import { formatRate } from "../../lib/format.ts";

/** A box of the map. */
export interface MapNode {
  readonly id: string;
  /** Empty for callers of which nothing is known, and for what is called by its address. */
  readonly service: string;
  /** What was called by an address instead of a name. */
  readonly isAddressed: boolean;
  readonly kind: ServiceMapKind;
  /** Somebody's calls to it failed. */
  readonly failed: boolean;
}

/** An arrow of the map. */
export interface MapEdge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly call: ServiceMapEdge;
}

/** The map as boxes and arrows. */
export interface MapGraph {
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
  /** The same for as long as the same boxes and arrows are there: then the layout stays. */
  readonly shape: string;
}

/** More arrows than this cannot be read. */
export const mapEdgesDrawn = 150;

/** From a failing part of this on, a connection is red; below it and above nothing, yellow. */
export const failingRatio = 0.01;

// No name of a service has a space.
const ADDRESSED = "n by address";

/** Makes boxes and arrows; in the order of names, so that a map stands still while its numbers move. */
export function mapGraph({ nodes, edges }: GetServiceMapResponse): MapGraph {
  const failed = new Set(edges.filter((edge) => failureRatio(edge) >= failingRatio).map(({ callee }) => callee));
  const isCalling = edges.some(({ caller }) => caller === "");
  const boxes = nodes
    .filter(({ name }) => name !== "" || isCalling)
    .map(({ name, kind }) => ({
      id: `n ${name}`,
      service: name,
      isAddressed: false,
      kind,
      failed: name !== "" && failed.has(name),
    }))
    // Who is called by an address is not who calls from outside, though neither has a name.
    .concat(
      edges.some(({ callee }) => callee === "")
        ? [{ id: ADDRESSED, service: "", isAddressed: true, kind: ServiceMapKind.OUTSIDE, failed: failed.has("") }]
        : [],
    )
    .sort((a, b) => compare(a.id, b.id));
  const arrows = edges
    .map((call) => ({
      id: `e ${call.caller} ${call.callee}`,
      from: `n ${call.caller}`,
      to: call.callee === "" ? ADDRESSED : `n ${call.callee}`,
      call,
    }))
    .sort((a, b) => compare(a.id, b.id));
  return { nodes: boxes, edges: arrows, shape: [...boxes, ...arrows].map(({ id }) => id).join("\n") };
}

/** The failed part of a connection's calls, 0…1. */
export function failureRatio({ calls, failures }: ServiceMapEdge): number {
  return calls === 0 ? 0 : failures / calls;
}

/** Calls a second, with a mark where they are a share that spans tell. */
export function rateText({ fromSpans, perSecond }: ServiceMapEdge): string {
  return `${fromSpans ? "≈ " : ""}${formatRate(perSecond)}`;
}

/** Whether there is a page of the service. */
export function hasPage(kind: ServiceMapKind): boolean {
  return kind === ServiceMapKind.STANDARD || kind === ServiceMapKind.EXTERNAL;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
