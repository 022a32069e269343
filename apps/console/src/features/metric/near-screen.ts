import { type RefObject, useEffect, useState } from "react";

/**
 * Whether an element is on the screen or close to it.
 *
 * @param marginPx how close, above and below
 */
export function useNearScreen(element: RefObject<Element | null>, marginPx: number): boolean {
  const [near, setNear] = useState(typeof IntersectionObserver === "undefined");
  useEffect(() => {
    const target = element.current;
    if (target === null || typeof IntersectionObserver === "undefined") return;
    const observer = new IntersectionObserver(
      (entries) => {
        const last = entries.at(-1);
        if (last !== undefined) setNear(last.isIntersecting);
      },
      { rootMargin: `${marginPx}px 0px` },
    );
    observer.observe(target);
    return () => observer.disconnect();
  }, [element, marginPx]);
  return near;
}

const waiting = new Set<() => void>();

function giveTurn(): void {
  const [next] = waiting;
  if (next === undefined) return;
  waiting.delete(next);
  next();
  if (waiting.size > 0) requestAnimationFrame(giveTurn);
}

/**
 * True one frame at a time for all who want it: making a chart takes some milliseconds, and a row of them would cost a frame while
 * scrolling. False at once when it is not wanted any more.
 */
export function useTurn(wanted: boolean): boolean {
  const [mine, setMine] = useState(false);
  useEffect(() => {
    if (!wanted) {
      setMine(false);
      return;
    }
    const take = () => setMine(true);
    if (waiting.size === 0) requestAnimationFrame(giveTurn);
    waiting.add(take);
    return () => {
      waiting.delete(take);
    };
  }, [wanted]);
  return mine && wanted;
}
