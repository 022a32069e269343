import { type Edge, type EdgeTypes, type Node, type NodeTypes, ReactFlow } from "@xyflow/react";
import { useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type FlowLayout, frameOf } from "./flow-layout.ts";
import "@xyflow/react/dist/base.css";
import "./flow-diagram.css";

/** A laid out diagram: its boxes and arrows, and the components that draw one of each. */
export interface DiagramFrameProps<BoxNode extends Node, ArrowEdge extends Edge> {
  readonly layout: FlowLayout;
  readonly label: string;
  readonly nodes: BoxNode[];
  readonly edges: ArrowEdge[];
  readonly nodeTypes: NodeTypes;
  readonly edgeTypes: EdgeTypes;
  /** As small as a pinch may make it, 1 = as laid out. */
  readonly minZoom: number;
  readonly className?: string;
}

/** A diagram in a frame as high as it needs to be at the page's width: to look at, drag and pinch, nothing in it to edit. */
export function DiagramFrame<BoxNode extends Node, ArrowEdge extends Edge>({
  layout,
  label,
  className = "",
  ...flow
}: DiagramFrameProps<BoxNode, ArrowEdge>) {
  const frame = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const measure = () => setWidth(element.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const { t } = useTranslation();
  const { height, ...viewport } = frameOf(layout, width);
  const isCut = layout.width * viewport.zoom > width || layout.height * viewport.zoom > height;
  return (
    <figure ref={frame} className={`flow-diagram ${className}`.trimEnd()} style={{ height }} aria-label={label}>
      {width > 0 && (
        <ReactFlow<BoxNode, ArrowEdge>
          {...flow}
          key={`${layout.width} ${layout.height} ${width}`}
          defaultViewport={viewport}
          maxZoom={1.6}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          zoomOnScroll={false}
          preventScrolling={false}
        />
      )}
      {width > 0 && isCut && <figcaption>{t("flow.drag")}</figcaption>}
    </figure>
  );
}
