import { type Edge, type EdgeTypes, type Node, type NodeTypes, ReactFlow, type ReactFlowInstance } from "@xyflow/react";
import { type FocusEvent, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useWidth } from "../../lib/use-width.ts";
import { Icon, type IconName } from "../../ui/icon.tsx";
import { type DiagramView, type FrameSize, parseView, textOfView, viewOf, viewportOf } from "./diagram-view.ts";
import { type FlowLayout, type FrameLimits, frameOf, wholeView } from "./flow-layout.ts";
import "@xyflow/react/dist/base.css";
import "./flow-diagram.css";

/** What of a diagram its page's address says, and how that changes. */
export interface DiagramAddress {
  /** `textOfView`; undefined: as it is shown at first. */
  readonly view: string | undefined;
  readonly onView: (view: string | undefined) => void;
}

/** A laid out diagram: its boxes and arrows, and the components that draw one of each. */
export interface DiagramFrameProps<BoxNode extends Node, ArrowEdge extends Edge> extends DiagramAddress {
  readonly layout: FlowLayout;
  readonly label: string;
  readonly nodes: BoxNode[];
  readonly edges: ArrowEdge[];
  readonly nodeTypes: NodeTypes;
  readonly edgeTypes: EdgeTypes;
  /** How it is shown at first. */
  readonly limits?: FrameLimits;
  readonly className?: string;
}

const ZOOM_MIN = 0.1;
const ZOOM_MAX = 1.6;
const ZOOM_STEP = 1.3;
// Air around what was brought into sight, pixels.
const SIGHT_PX = 40;

/** A diagram in a frame as high as it needs to be at the page's width: to look at, drag and make larger and smaller, nothing in it to edit. */
export function DiagramFrame<BoxNode extends Node, ArrowEdge extends Edge>({
  layout,
  label,
  limits,
  view,
  onView,
  className = "",
  ...flow
}: DiagramFrameProps<BoxNode, ArrowEdge>) {
  const frame = useRef<HTMLDivElement>(null);
  const instance = useRef<ReactFlowInstance<BoxNode, ArrowEdge>>(undefined);
  // What is in the address already, as this frame put it there: exacter than its text.
  const told = useRef<string>(undefined);
  const width = useWidth(frame);
  const { t } = useTranslation();
  const { height, ...first } = frameOf(layout, width, limits);
  const size: FrameSize = { width, height };
  const asked = parseView(view);
  const viewport = asked === undefined ? first : viewportOf(asked, size);
  const isCut = layout.width * first.zoom > width || layout.height * first.zoom > height;

  const tell = (next: DiagramView) => {
    told.current = textOfView(next);
    onView(told.current);
  };
  const show = (next: DiagramView) => {
    void instance.current?.setViewport(viewportOf(next, size));
    tell(next);
  };
  const zoom = (factor: number) => {
    const now = viewOf(instance.current?.getViewport() ?? viewport, size);
    show({ ...now, zoom: Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, now.zoom * factor)) });
  };

  // Back and forward in the browser's history.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rest follows from the view, and a new layout or width is a new diagram
  useEffect(() => {
    if (view === told.current) return;
    told.current = view;
    void instance.current?.setViewport(viewport);
  }, [view]);

  // Who goes through the diagram with the Tab key sees where they are; the browser would scroll what must not be scrolled.
  const bringIntoSight = (event: FocusEvent) => {
    const inside = frame.current?.querySelector(".react-flow");
    if (!(inside?.contains(event.target) ?? false) || instance.current === undefined) return;
    inside!.scrollTo({ left: 0, top: 0 });
    const [box, part] = [inside!.getBoundingClientRect(), event.target.getBoundingClientRect()];
    const dx = outsideBy(part.left, part.right, box.left, box.right);
    const dy = outsideBy(part.top, part.bottom, box.top, box.bottom);
    if (dx === 0 && dy === 0) return;
    const now = instance.current.getViewport();
    show(viewOf({ ...now, x: now.x - dx, y: now.y - dy }, size));
  };

  return (
    <figure className={`flow-diagram ${className}`.trimEnd()} aria-label={label}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: what has the focus in it is brought into sight */}
      <div ref={frame} style={{ height }} onFocus={bringIntoSight}>
        {width > 0 && (
          <ReactFlow<BoxNode, ArrowEdge>
            {...flow}
            key={`${layout.width} ${layout.height} ${width}`}
            defaultViewport={viewport}
            minZoom={ZOOM_MIN}
            maxZoom={ZOOM_MAX}
            nodesDraggable={false}
            nodesConnectable={false}
            nodesFocusable={false}
            edgesFocusable={false}
            elementsSelectable={false}
            zoomOnScroll={false}
            preventScrolling={false}
            onInit={(made) => {
              instance.current = made;
            }}
            // Without an event it was this component that moved it.
            onMoveEnd={(event, moved) => {
              if (event !== null) tell(viewOf(moved, size));
            }}
          />
        )}
      </div>
      <figcaption>
        {isCut && asked === undefined && t("flow.drag")}
        <span className="spacer" />
        <Tool icon="zoomIn" label={t("flow.larger")} onClick={() => zoom(ZOOM_STEP)} />
        <Tool icon="zoomOut" label={t("flow.smaller")} onClick={() => zoom(1 / ZOOM_STEP)} />
        <Tool icon="whole" label={t("flow.whole")} onClick={() => show(wholeView(layout, size))} />
        <Tool
          icon="reset"
          label={t("flow.asAtFirst")}
          disabled={asked === undefined}
          onClick={() => onView(undefined)}
        />
      </figcaption>
    </figure>
  );
}

/** How far something must move to be inside, pixels; 0 where it is. */
function outsideBy(start: number, end: number, from: number, to: number): number {
  if (start < from) return start - from - SIGHT_PX;
  return end > to ? end - to + SIGHT_PX : 0;
}

interface ToolProps {
  readonly icon: IconName;
  readonly label: string;
  readonly disabled?: boolean;
  readonly onClick: () => void;
}

function Tool({ icon, label, disabled = false, onClick }: ToolProps) {
  return (
    <button type="button" aria-label={label} title={label} disabled={disabled} onClick={onClick}>
      <Icon name={icon} size={15} />
    </button>
  );
}
