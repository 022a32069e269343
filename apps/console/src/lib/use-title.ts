import { useEffect } from "react";
import { productName } from "./product-name.ts";

/** Names the browser's tab: the page first, then the product. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · ${productName()}`;
  }, [title]);
}
