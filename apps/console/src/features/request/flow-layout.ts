import type { ELK, ElkExtendedEdge, ElkNode } from "elkjs/lib/elk-api.js";
import type { FlowEdge, FlowGraph } from "./flow-graph.ts";

/** A point of the diagram, pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where everything of a diagram goes, pixels from its upper left corner. */
export interface FlowLayout {
  readonly width: number;
  readonly height: number;
  readonly nodes: ReadonlyMap<
    string,
    { readonly x: number; readonly y: number; readonly width: number; readonly height: number }
  >;
  readonly edges: ReadonlyMap<string, { readonly points: readonly Point[]; readonly label: Point }>;
}

const NODE_HEIGHT = 50;
const NODE_MIN_WIDTH = 150;
const LABEL_HEIGHT = 32;
// Widths of one character of the 12 px mono and 12.5 px sans of a box, measured in Chromium, with room to spare.
const CHARACTER_WIDTH = 7.4;

/** The two lines of an arrow's label. */
export interface EdgeLabel {
  readonly title: string;
  readonly detail: string;
}

/** Width that a text needs in a box or on an arrow, pixels; Chinese characters count twice. */
export function textWidth(text: string): number {
  return [...text].reduce((width, character) => width + (character > "\u2e7f" ? 2 : 1), 0) * CHARACTER_WIDTH;
}

/**
 * What elk is asked: left to right, right-angled arrows, room for the labels on them.
 *
 * @param labelOf what the page writes on an arrow
 * @param linesOf what the page writes in a box
 */
export function elkInput(
  graph: FlowGraph,
  labelOf: (edge: FlowEdge) => EdgeLabel,
  linesOf: (node: FlowGraph["nodes"][number]) => readonly string[],
): ElkNode {
  return {
    id: "flow",
    layoutOptions: {
      "elk.algorithm": "layered",
      "elk.direction": "RIGHT",
      "elk.edgeRouting": "ORTHOGONAL",
      "elk.layered.spacing.nodeNodeBetweenLayers": "36",
      "elk.spacing.nodeNode": "28",
      "elk.spacing.edgeNode": "18",
      "elk.spacing.edgeEdge": "16",
      "elk.spacing.edgeLabel": "4",
      "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
      "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
      "elk.padding": "[top=4,left=4,bottom=4,right=4]",
    },
    children: graph.nodes.map((node) => ({
      id: node.id,
      width: Math.max(NODE_MIN_WIDTH, ...linesOf(node).map((line) => textWidth(line) + 44)),
      height: NODE_HEIGHT,
    })),
    edges: graph.edges.map((edge) => {
      const { title, detail } = labelOf(edge);
      return {
        id: edge.id,
        sources: [edge.from],
        targets: [edge.to],
        labels: [
          {
            id: `${edge.id} label`,
            text: title,
            width: Math.max(textWidth(title), textWidth(detail)) + 12,
            height: LABEL_HEIGHT,
            layoutOptions: { "elk.edgeLabels.inline": "true", "elk.edgeLabels.placement": "CENTER" },
          },
        ],
      };
    }),
  };
}

/** Reads elk's answer. */
export function layoutFrom(root: ElkNode): FlowLayout {
  const nodes = (root.children ?? []).map(
    ({ id, x = 0, y = 0, width = 0, height = 0 }) => [id, { x, y, width, height }] as const,
  );
  return {
    width: root.width ?? 0,
    height: root.height ?? 0,
    nodes: new Map(nodes),
    edges: new Map((root.edges ?? []).map((edge) => [edge.id, edgeFrom(edge)])),
  };
}

function edgeFrom(edge: ElkExtendedEdge): { points: readonly Point[]; label: Point } {
  const points = (edge.sections ?? []).flatMap((section) => [
    section.startPoint,
    ...(section.bendPoints ?? []),
    section.endPoint,
  ]);
  const label = edge.labels?.[0];
  return {
    points,
    label: { x: (label?.x ?? 0) + (label?.width ?? 0) / 2, y: (label?.y ?? 0) + (label?.height ?? 0) / 2 },
  };
}

/** Lays a diagram out. */
export async function layoutFlow(elk: Pick<ELK, "layout">, input: ElkNode): Promise<FlowLayout> {
  return layoutFrom(await elk.layout(input));
}

/**
 * The SVG path through points with right angles, its corners rounded.
 *
 * @param radius of the corners, pixels
 */
export function roundedPath(points: readonly Point[], radius = 6): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  let path = `M${first.x},${first.y}`;
  let before = first;
  rest.forEach((corner, index) => {
    const after = rest[index + 1];
    if (after === undefined) {
      path += `L${corner.x},${corner.y}`;
      return;
    }
    const start = towards(corner, before, radius);
    const end = towards(corner, after, radius);
    path += `L${start.x},${start.y}Q${corner.x},${corner.y} ${end.x},${end.y}`;
    before = corner;
  });
  return path;
}

function towards(from: Point, to: Point, distance: number): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const part = length === 0 ? 0 : Math.min(distance, length / 2) / length;
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}
