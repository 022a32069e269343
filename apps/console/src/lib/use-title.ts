import { useEffect } from "react";

/** Names the browser's tab: the page first, then the product. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · msec`;
  }, [title]);
}
