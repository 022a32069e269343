/** Connections × calls outstanding on each. */
export interface Shape {
  connections: number;
  outstanding: number;
}

/** The shapes that the echo is measured in: a lonely caller, many callers, a busy service, a saturated one; the original was measured at 16×16. */
export const SHAPES: Shape[] = [
  { connections: 1, outstanding: 1 },
  { connections: 64, outstanding: 1 },
  { connections: 8, outstanding: 8 },
  { connections: 8, outstanding: 32 },
  { connections: 16, outstanding: 16 },
];

/** `8×32`. */
export function shapeName(shape: Shape): string {
  return `${shape.connections}×${shape.outstanding}`;
}
