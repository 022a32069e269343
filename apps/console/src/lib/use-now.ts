import { useSyncExternalStore } from "react";
import { serverNow } from "./server-clock.ts";

// One timer for all ages and uptimes on the page; none while nobody looks.
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let now = serverNow();

function tick() {
  if (document.hidden) return;
  now = serverNow();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  if (listeners.size === 0) {
    now = serverNow();
    timer = setInterval(tick, 1000);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) clearInterval(timer);
  };
}

/** The server's time, new once a second (not in a hidden tab). */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}
