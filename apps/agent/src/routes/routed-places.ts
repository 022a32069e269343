import type { RouteTable } from "@msec/api/agent/v1/common_pb.js";
import type { RouteTables } from "./route-tables.ts";

/** Whether an instance is in a route table, without searching the table each time. */
export class RoutedPlaces {
  readonly #tables: Pick<RouteTables, "find">;
  readonly #places = new WeakMap<RouteTable, ReadonlySet<string>>();

  constructor(tables: Pick<RouteTables, "find">) {
    this.#tables = tables;
  }

  has(service: string, address: string, port: number): boolean {
    const table = this.#tables.find(service);
    if (table === undefined) return false;
    let places = this.#places.get(table);
    if (places === undefined) {
      places = new Set(table.routes.map((route) => `${route.address} ${route.port}`));
      this.#places.set(table, places);
    }
    return places.has(`${address} ${port}`);
  }
}
