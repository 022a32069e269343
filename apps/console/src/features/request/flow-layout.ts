import type { ELK, ElkExtendedEdge, ElkNode } from "elkjs/lib/elk-api.js";
import type { DiagramView, FrameSize } from "./diagram-view.ts";

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
const NODE_MIN_WIDTH = 112;
const LABEL_HEIGHT = 32;
const LABEL_LINE_HEIGHT = 15;
// Width of one character of the 11.5 px mono and the 12.5 px sans of a box, measured in Chromium, and a little more.
const CHARACTER_WIDTH = 7;
// The same for the 12 px sans of a label.
const LABEL_CHARACTER_WIDTH = 6.3;

/** The lines of an arrow's label. */
export interface EdgeLabel {
  readonly title: string;
  readonly detail: string;
  /** A third line; empty or missing: none. */
  readonly more?: string;
}

/** Boxes and arrows, whatever they mean. */
export interface Boxes<Box extends { readonly id: string }, Line extends BoxLine> {
  readonly nodes: readonly Box[];
  readonly edges: readonly Line[];
}

/** An arrow between two boxes. */
export interface BoxLine {
  readonly id: string;
  readonly from: string;
  readonly to: string;
}

/** Width that a text needs in a box or on an arrow, pixels; Chinese characters count twice. */
export function textWidth(text: string, characterWidth = CHARACTER_WIDTH): number {
  return [...text].reduce((width, character) => width + (character > "\u2e7f" ? 2 : 1), 0) * characterWidth;
}

/**
 * What elk is asked: left to right, right-angled arrows, room for the labels on them.
 *
 * @param labelOf what the page writes on an arrow
 * @param linesOf what the page writes in a box
 */
export function elkInput<Box extends { readonly id: string }, Line extends BoxLine>(
  graph: Boxes<Box, Line>,
  labelOf: (edge: Line) => EdgeLabel,
  linesOf: (node: Box) => readonly string[],
): ElkNode {
  return {
    id: "flow",
    layoutOptions: {
      "elk.algorithm": "layered",
      "elk.direction": "RIGHT",
      "elk.edgeRouting": "ORTHOGONAL",
      "elk.layered.spacing.nodeNodeBetweenLayers": "15",
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
      width: Math.max(NODE_MIN_WIDTH, ...linesOf(node).map((line) => textWidth(line) + 28)),
      height: NODE_HEIGHT,
    })),
    edges: graph.edges.map((edge) => {
      const { title, detail, more = "" } = labelOf(edge);
      const width = Math.max(...[title, detail, more].map((line) => textWidth(line, LABEL_CHARACTER_WIDTH)));
      return {
        id: edge.id,
        sources: [edge.from],
        targets: [edge.to],
        labels: [
          {
            id: `${edge.id} label`,
            text: title,
            width: width + 14,
            height: LABEL_HEIGHT + (more === "" ? 0 : LABEL_LINE_HEIGHT),
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

const FRAME_MARGIN = 24;

/** How a diagram that is larger than its frame is shown at first. */
export interface FrameLimits {
  /** Pixels, default 460. */
  readonly maxHeight?: number;
  /** As small as it is made to fit, default 0.66: smaller labels cannot be read, so the diagram is larger than its frame, and is dragged. */
  readonly minZoom?: number;
  /** Where to look first: this height of the layout is in the middle. */
  readonly startY?: number | undefined;
}

/**
 * How a diagram is shown in a frame: as large as it is, else made smaller until it fits, as far as it stays readable.
 *
 * @param frameWidth pixels that there are
 * @returns height of the frame, and the viewport in it, pixels
 */
export function frameOf(
  layout: Pick<FlowLayout, "width" | "height">,
  frameWidth: number,
  { maxHeight = 460, minZoom = 0.66, startY = 0 }: FrameLimits = {},
): { readonly height: number; readonly zoom: number; readonly x: number; readonly y: number } {
  const fitting = fittingZoom(layout, { width: frameWidth, height: maxHeight });
  const zoom = Math.min(1, Math.max(minZoom, fitting));
  const height = Math.min(maxHeight, Math.ceil(layout.height * zoom + 2 * FRAME_MARGIN));
  const x = Math.max(FRAME_MARGIN, (frameWidth - layout.width * zoom) / 2);
  const room = height - layout.height * zoom;
  // No more than a margin is left empty, above and below.
  const y =
    room >= 2 * FRAME_MARGIN - 1 ? room / 2 : clamp(height / 2 - startY * zoom, room - FRAME_MARGIN, FRAME_MARGIN);
  return { height, zoom, x, y };
}

/** The view that shows all of a diagram, however small. */
export function wholeView(layout: Pick<FlowLayout, "width" | "height">, frame: FrameSize): DiagramView {
  return { x: layout.width / 2, y: layout.height / 2, zoom: Math.min(1, fittingZoom(layout, frame)) };
}

function fittingZoom(layout: Pick<FlowLayout, "width" | "height">, { width, height }: FrameSize): number {
  return Math.min(
    (width - 2 * FRAME_MARGIN) / Math.max(1, layout.width),
    (height - 2 * FRAME_MARGIN) / Math.max(1, layout.height),
  );
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
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
