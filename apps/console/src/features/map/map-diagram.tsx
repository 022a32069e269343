import { ServiceMapKind } from "@msec/api/console/v1/requests_pb.js";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
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
import { useTranslation } from "react-i18next";
import { formatDuration, formatPercent } from "../../lib/format.ts";
import { Loading } from "../../ui/notice.tsx";
import { DiagramFrame } from "../request/diagram-frame.tsx";
import { elkEngine } from "../request/elk-engine.ts";
import { elkInput, type FlowLayout, layoutFlow, type Point, roundedPath } from "../request/flow-layout.ts";
import { curvesLink } from "./curves-link.ts";
import {
  failingRatio,
  failureRatio,
  hasPage,
  type MapEdge,
  type MapGraph,
  type MapNode,
  rateText,
} from "./map-graph.ts";
import type { MapSearch } from "./map-search.ts";
import "./map.css";

/** The map, and what its address says, for the links. */
export interface MapDiagramProps {
  readonly graph: MapGraph;
  readonly search: MapSearch;
  readonly onView: (view: string | undefined) => void;
}

interface ArrowData extends Record<string, unknown> {
  readonly edge: MapEdge;
  readonly callee: MapNode | undefined;
  readonly search: MapSearch;
  readonly points: readonly Point[];
  readonly at: Point;
}

type BoxNode = Node<{ readonly node: MapNode }, "box">;
type ArrowEdge = Edge<ArrowData, "arrow">;

const nodeTypes = { box: Box };
const edgeTypes = { arrow: Arrow };

// What a map of many services is for is their shape and what is red in it: it is made larger to be read.
const MIN_ZOOM = 0.2;
// The room for an arrow's words, whatever its numbers are: they change while the layout stays.
const WIDEST_LABEL = { title: "12,345 /s", detail: "p99 12.3 ms · 12.3 %" };

/** Boxes for services, arrows for who calls whom, from left to right. */
export function MapDiagram({ graph, search, onView }: MapDiagramProps) {
  const { t, i18n } = useTranslation();
  const linesOf = (node: MapNode) => [node.service || namelessText(node, t), kindText(node, t)];
  const layout = useQuery({
    queryKey: ["map layout", graph.shape, i18n.language],
    queryFn: () =>
      layoutFlow(
        elkEngine(),
        elkInput(graph, () => WIDEST_LABEL, linesOf),
      ),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    placeholderData: (old) => old,
  });
  // A placeholder may not have the boxes of a map that has just grown.
  if (layout.data === undefined || !graph.nodes.every((node) => layout.data.nodes.has(node.id))) {
    return <Loading label={t("map.diagram")} lines={6} />;
  }
  return (
    <DiagramFrame<BoxNode, ArrowEdge>
      layout={layout.data}
      label={t("map.diagram")}
      nodes={boxes(graph, layout.data)}
      edges={arrows(graph, layout.data, search)}
      nodeTypes={nodeTypes}
      edgeTypes={edgeTypes}
      limits={{ maxHeight: 600, minZoom: MIN_ZOOM, startY: busiestOf(graph, layout.data) }}
      view={search.view}
      onView={onView}
      className="service-map"
    />
  );
}

/** A map is read from where most is called. */
function busiestOf({ edges }: MapGraph, layout: FlowLayout): number | undefined {
  const busiest = edges.reduce<MapEdge | undefined>(
    (most, edge) => (most === undefined || edge.call.calls > most.call.calls ? edge : most),
    undefined,
  );
  const box = busiest === undefined ? undefined : layout.nodes.get(busiest.from);
  return box === undefined ? undefined : box.y + box.height / 2;
}

function boxes(graph: MapGraph, layout: FlowLayout): BoxNode[] {
  return graph.nodes.map((node) => {
    const { x, y, width, height } = layout.nodes.get(node.id)!;
    return { id: node.id, type: "box", position: { x, y }, width, height, data: { node } };
  });
}

function arrows(graph: MapGraph, layout: FlowLayout, search: MapSearch): ArrowEdge[] {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  return graph.edges.flatMap((edge) => {
    const path = layout.edges.get(edge.id);
    if (path === undefined) return [];
    const ratio = failureRatio(edge.call);
    const colour = ratio >= failingRatio ? "var(--fail)" : ratio > 0 ? "var(--warn)" : "var(--ink-3)";
    return {
      id: edge.id,
      type: "arrow" as const,
      source: edge.from,
      target: edge.to,
      markerEnd: { type: MarkerType.ArrowClosed, width: 14, height: 14, color: colour },
      // Ten times the calls, half a pixel more.
      style: { stroke: colour, strokeWidth: 1.2 + 0.5 * Math.max(0, Math.log10(Math.max(edge.call.perSecond, 1))) },
      data: { edge, callee: nodes.get(edge.to), search, points: path.points, at: path.label },
    };
  });
}

function namelessText({ isAddressed }: MapNode, t: TFunction): string {
  return t(isAddressed ? "map.addressed" : "map.nobody");
}

function kindText({ service, kind }: MapNode, t: TFunction): string {
  if (service === "") return "";
  if (kind === ServiceMapKind.EXTERNAL) return t("map.external");
  return kind === ServiceMapKind.OUTSIDE ? t("map.outside") : "";
}

function Box({ data: { node } }: NodeProps<BoxNode>) {
  const { t } = useTranslation();
  const kind = kindText(node, t);
  const classes = [
    "flow-box",
    node.kind === ServiceMapKind.OUTSIDE ? "unrecorded" : "",
    node.kind === ServiceMapKind.EXTERNAL ? "external" : "",
    node.failed ? "failed" : "",
  ].join(" ");
  return (
    <div className={classes} title={node.service || t(node.isAddressed ? "map.addressedHint" : "map.nobodyHint")}>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      {hasPage(node.kind) ? (
        <Link className="nodrag nopan" to="/services/$name" params={{ name: node.service }}>
          <strong>{node.service}</strong>
        </Link>
      ) : (
        <strong>{node.service || namelessText(node, t)}</strong>
      )}
      {kind !== "" && <span>{kind}</span>}
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
}

function Arrow({ id, data, markerEnd, style }: EdgeProps<ArrowEdge>) {
  const { t } = useTranslation();
  if (data === undefined) return null;
  const { edge, callee, search, points, at } = data;
  const { call } = edge;
  const ratio = failureRatio(call);
  const classes = `flow-arrow nodrag nopan ${ratio >= failingRatio ? "failed" : ratio > 0 ? "warned" : ""}`;
  const place = { transform: `translate(-50%, -50%) translate(${at.x}px, ${at.y}px)` };
  const words = (
    <>
      {rateText(call)} /s
      <span>
        p99 {formatDuration(call.p99Ms * 1_000)}
        {ratio > 0 && ` · ${formatPercent(ratio)}`}
      </span>
    </>
  );
  return (
    <>
      <BaseEdge
        id={id}
        path={roundedPath(points)}
        {...(markerEnd ? { markerEnd } : {})}
        {...(style ? { style } : {})}
      />
      <EdgeLabelRenderer>
        {callee !== undefined && hasPage(callee.kind) ? (
          <Link
            className={classes}
            style={place}
            title={t("map.curvesOf", { caller: call.caller || t("map.nobody"), callee: call.callee })}
            {...curvesLink(call, search)}
          >
            {words}
          </Link>
        ) : (
          <div className={classes} style={place}>
            {words}
          </div>
        )}
      </EdgeLabelRenderer>
    </>
  );
}
