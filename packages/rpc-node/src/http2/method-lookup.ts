import type { MethodTable, ServedMethod, ServedStream } from "@msec/rpc";

/** Where protocols whose URLs are `/package.Service/Method` find their methods: in the first of some tables that has it. */
export class MethodLookup {
  readonly #tables: readonly MethodTable<never>[];
  // Only methods that exist are kept, so a peer cannot make it grow.
  readonly #byPath = new Map<string, ServedMethod | ServedStream>();

  constructor(...tables: readonly MethodTable<never>[]) {
    this.#tables = tables;
  }

  /** The method that a path (without query) names. */
  find(path: string): ServedMethod | ServedStream | undefined {
    const known = this.#byPath.get(path);
    if (known) {
      return known;
    }
    const name = nameFromPath(path);
    for (const table of this.#tables) {
      const found = table.find(name) ?? table.findStream(name);
      if (found) {
        this.#byPath.set(path, found);
        return found;
      }
    }
    return undefined;
  }
}

/** `/flight.FlightService/query` is `flight.FlightService.query`; "" for a path of another form. */
export function nameFromPath(path: string): string {
  const slash = path.lastIndexOf("/");
  return path.startsWith("/") && slash > 1 && path.indexOf("/", 1) === slash
    ? `${path.slice(1, slash)}.${path.slice(slash + 1)}`
    : "";
}

/** Whether a method is unary. */
export function isUnary(method: ServedMethod | ServedStream): method is ServedMethod {
  return method.desc.methodKind === "unary";
}
