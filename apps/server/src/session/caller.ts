import { createContextKey } from "@connectrpc/connect";
import type { Session } from "./store.ts";

/** Who makes an API request. */
export type Caller =
  /** Nobody known: for the few methods that need no credentials. */
  | { readonly kind: "anonymous" }
  /** A browser with a session. */
  | { readonly kind: "session"; readonly session: Session }
  /** Who has the operator's key. */
  | { readonly kind: "operator"; readonly name: string };

/** Who acts, as comments, rules, operations and events name them; never empty. */
export function callerName(caller: Caller): string {
  switch (caller.kind) {
    case "anonymous":
      return "anonymous";
    case "session":
      return caller.session.name || "console";
    case "operator":
      return caller.name || "operator";
  }
}

/** What handlers get from the HTTP edge beside the request message. */
export interface RequestOrigin {
  readonly caller: Caller;
  /** The other end's IP address; "" where it is gone already. */
  readonly peer: string;
}

/** The key of `RequestOrigin` in a handler's `context.values`. */
export const requestOriginKey = createContextKey<RequestOrigin>(
  { caller: { kind: "anonymous" }, peer: "" },
  { description: "who makes the request" },
);
