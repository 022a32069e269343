import { type RefObject, useLayoutEffect, useState } from "react";

/**
 * The width of an element's inside, as it is now.
 *
 * @returns CSS pixels; 0 before the element is there
 */
export function useWidth(target: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = target.current;
    if (element === null) return;
    const measure = () => setWidth(element.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [target]);
  return width;
}
