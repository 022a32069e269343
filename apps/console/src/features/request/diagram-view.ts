import type { Viewport } from "@xyflow/react";

/** What part of a diagram is seen: the point in the middle of its frame, in pixels of the layout, and how large, 1 = as laid out. It means the same in a frame of another width. */
export interface DiagramView {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

/** The inside of a frame, pixels. */
export interface FrameSize {
  readonly width: number;
  readonly height: number;
}

const FORM = /^(-?\d{1,6})_(-?\d{1,6})_(\d{1,3})$/;
const ZOOM_MIN_PERCENT = 5;
const ZOOM_MAX_PERCENT = 200;

/** A view as an address has it, `420_130_80`: the middle, and the size in percent. */
export function textOfView({ x, y, zoom }: DiagramView): string {
  return [x, y, zoom * 100].map((part) => Math.round(part)).join("_");
}

/** Reads a view of an address; undefined where it is none. */
export function parseView(text: unknown): DiagramView | undefined {
  const [, x, y, percent] = (typeof text === "string" ? FORM.exec(text) : undefined) ?? [];
  if (x === undefined || y === undefined || percent === undefined) return undefined;
  if (Number(percent) < ZOOM_MIN_PERCENT || Number(percent) > ZOOM_MAX_PERCENT) return undefined;
  return { x: Number(x), y: Number(y), zoom: Number(percent) / 100 };
}

/** Where React Flow must put a diagram for a view. */
export function viewportOf({ x, y, zoom }: DiagramView, { width, height }: FrameSize): Viewport {
  return { x: width / 2 - x * zoom, y: height / 2 - y * zoom, zoom };
}

/** The view of a diagram where React Flow has put it. */
export function viewOf({ x, y, zoom }: Viewport, { width, height }: FrameSize): DiagramView {
  return { x: (width / 2 - x) / zoom, y: (height / 2 - y) / zoom, zoom };
}
