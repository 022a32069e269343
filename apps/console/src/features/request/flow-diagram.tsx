import { useQuery } from "@tanstack/react-query";
import {
  BaseEdge,
  type Edge,
  EdgeLabelRenderer,
  type EdgeProps,
  Handle,
  MarkerType,
  type Node,
  type NodeProps,
  Position,
} from "@xyflow/react";
import type { TFunction } from "i18next";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { codeName } from "../../lib/code-name.ts";
import { formatDuration } from "../../lib/format.ts";
import { Loading } from "../../ui/notice.tsx";
import { type DiagramAddress, DiagramFrame } from "./diagram-frame.tsx";
import { elkEngine } from "./elk-engine.ts";
import { type FlowEdge, type FlowGraph, type FlowNode, shortMethod } from "./flow-graph.ts";
import { type EdgeLabel, elkInput, type FlowLayout, layoutFlow, type Point, roundedPath } from "./flow-layout.ts";

/** The diagram, and which call is open. */
export interface FlowDiagramProps extends DiagramAddress {
  readonly graph: FlowGraph;
  readonly chosen: string | undefined;
  readonly onChoose: (hopId: string | undefined) => void;
}

interface BoxData extends Record<string, unknown> {
  readonly node: FlowNode;
  readonly lines: readonly string[];
}

interface ArrowData extends Record<string, unknown> {
  readonly edge: FlowEdge;
  readonly label: EdgeLabel;
  readonly points: readonly Point[];
  readonly at: Point;
  readonly chosen: boolean;
  readonly onChoose: (hopId: string) => void;
}

type BoxNode = Node<BoxData, "box">;
type ArrowEdge = Edge<ArrowData, "arrow">;

const nodeTypes = { box: Box };
const edgeTypes = { arrow: Arrow };

/** Boxes for instances, arrows for methods, from left to right. */
export function FlowDiagram({ graph, chosen, onChoose, view, onView }: FlowDiagramProps) {
  const { t, i18n } = useTranslation();
  const texts = useMemo(() => diagramTexts(graph, t), [graph, t]);
  const layout = useQuery({
    queryKey: ["flow layout", graph, i18n.language],
    queryFn: () =>
      layoutFlow(
        elkEngine(),
        elkInput(
          graph,
          (edge) => texts.label(edge),
          (node) => texts.lines(node),
        ),
      ),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    placeholderData: (old) => old,
  });
  if (layout.data === undefined) return <Loading label={t("flow.diagram")} lines={6} />;
  // A placeholder may not have the boxes of a graph that has just grown.
  const complete = graph.nodes.every((node) => layout.data.nodes.has(node.id));
  if (!complete) return <Loading label={t("flow.diagram")} lines={6} />;
  return (
    <DiagramFrame<BoxNode, ArrowEdge>
      layout={layout.data}
      label={t("flow.diagram")}
      nodes={boxes(graph, layout.data, texts)}
      edges={arrows(graph, layout.data, texts, chosen, onChoose)}
      nodeTypes={nodeTypes}
      edgeTypes={edgeTypes}
      limits={{ startY: startOf(graph, layout.data) }}
      view={view}
      onView={onView}
    />
  );
}

/** A request is read from where it begins. */
function startOf({ nodes: [first] }: FlowGraph, layout: FlowLayout): number | undefined {
  const box = first === undefined ? undefined : layout.nodes.get(first.id);
  return box === undefined ? undefined : box.y + box.height / 2;
}

interface DiagramTexts {
  readonly lines: (node: FlowNode) => readonly string[];
  readonly label: (edge: FlowEdge) => EdgeLabel;
}

function diagramTexts(graph: FlowGraph, t: TFunction): DiagramTexts {
  return {
    lines: (node) => [
      node.service || t("flow.outside"),
      graph.byService ? t("flow.allInstances") : node.instance || t("flow.unknownInstance"),
    ],
    label: (edge) => ({
      title: edge.count > 1 ? `${shortMethod(edge.method)} ×${edge.count}` : shortMethod(edge.method),
      detail: [
        formatDuration(edge.longestUs),
        edge.failures > 1 ? `${edge.failures}× ${codeName(edge.code)}` : codeName(edge.code),
        edge.repeats > 0 ? t("flow.again", { count: edge.repeats }) : "",
      ]
        .filter(Boolean)
        .join(" · "),
      more: [
        edge.routeVersions.length > 0 ? t("flow.byRoutes", { version: rangeOf(edge.routeVersions) }) : "",
        edge.releases.length > 0 ? t("flow.toRelease", { release: edge.releases.join(", ") }) : "",
      ]
        .filter(Boolean)
        .join(" · "),
    }),
  };
}

// Ascending; a request is seldom under way while routes change.
function rangeOf(versions: readonly number[]): string {
  return versions.length > 1 ? `${versions[0]}…${versions.at(-1)}` : String(versions[0]);
}

function boxes(graph: FlowGraph, layout: FlowLayout, texts: DiagramTexts): BoxNode[] {
  return graph.nodes.map((node) => {
    const { x, y, width, height } = layout.nodes.get(node.id)!;
    return { id: node.id, type: "box", position: { x, y }, width, height, data: { node, lines: texts.lines(node) } };
  });
}

function arrows(
  graph: FlowGraph,
  layout: FlowLayout,
  texts: DiagramTexts,
  chosen: string | undefined,
  onChoose: (hopId: string | undefined) => void,
): ArrowEdge[] {
  return graph.edges.flatMap((edge) => {
    const path = layout.edges.get(edge.id);
    if (path === undefined) return [];
    const isChosen = chosen !== undefined && edge.hopIds.includes(chosen);
    const colour = edge.failures > 0 ? "var(--fail)" : isChosen ? "var(--accent)" : "var(--ink-3)";
    return {
      id: edge.id,
      type: "arrow" as const,
      source: edge.from,
      target: edge.to,
      markerEnd: { type: MarkerType.ArrowClosed, width: 14, height: 14, color: colour },
      style: { stroke: colour, strokeWidth: isChosen ? 2 : 1.3 },
      data: {
        edge,
        label: texts.label(edge),
        points: path.points,
        at: path.label,
        chosen: isChosen,
        onChoose: (hopId: string) => onChoose(hopId === chosen ? undefined : hopId),
      },
    };
  });
}

function Box({ data }: NodeProps<BoxNode>) {
  const { node, lines } = data;
  const classes = ["flow-box", node.recorded ? "" : "unrecorded", node.failed ? "failed" : ""].join(" ");
  return (
    <div className={classes} title={node.host}>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <strong>{lines[0]}</strong>
      <span>{lines[1]}</span>
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
}

function Arrow({ id, data, markerEnd, style }: EdgeProps<ArrowEdge>) {
  if (data === undefined) return null;
  const { edge, label, points, at, chosen, onChoose } = data;
  const classes = ["flow-arrow nodrag nopan", edge.failures > 0 ? "failed" : "", chosen ? "chosen" : ""].join(" ");
  return (
    <>
      <BaseEdge
        id={id}
        path={roundedPath(points)}
        {...(markerEnd ? { markerEnd } : {})}
        {...(style ? { style } : {})}
      />
      <EdgeLabelRenderer>
        <button
          type="button"
          className={classes}
          style={{ transform: `translate(-50%, -50%) translate(${at.x}px, ${at.y}px)` }}
          title={edge.method}
          aria-pressed={chosen}
          onClick={() => onChoose(edge.hopIds[0]!)}
        >
          {label.title}
          <span>{label.detail}</span>
          {label.more && <span>{label.more}</span>}
        </button>
      </EdgeLabelRenderer>
    </>
  );
}
