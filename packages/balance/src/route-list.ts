import { weightOf } from "./instance.ts";
import { Turns } from "./rotation.ts";
import type { Route } from "./route.ts";

/**
 * The routes of a table, one for each place (of several at one place the last), with what follows from them alone.
 *
 * Nothing of a balancer is in it, so all that are given the same one share it; a thousand callers of a thousand instances are a simulation's daily bread.
 */
export class RouteList {
  /** In the order of the table. */
  readonly routes: readonly Route[];
  /** The place of each, see `placeOf`. */
  readonly places: readonly string[];
  /** The weight of each, 1…10000. */
  readonly weights: readonly number[];
  /** Of all together. */
  readonly weight: number;
  readonly #positions = new Map<string, number>();
  #turns: Turns | undefined;

  constructor(routes: readonly Route[]) {
    const byPlace = new Map<string, Route>();
    for (const route of routes) byPlace.set(placeOf(route), route);
    this.routes = [...byPlace.values()];
    this.places = [...byPlace.keys()];
    this.weights = this.routes.map(weightOf);
    this.weight = this.weights.reduce((total, weight) => total + weight, 0);
    for (const [position, place] of this.places.entries()) this.#positions.set(place, position);
  }

  /** Where in the list the route of a place is. */
  positionOf(place: string): number | undefined {
    return this.#positions.get(place);
  }

  /** In which order all of them have their turns. */
  get turns(): Turns {
    this.#turns ??= new Turns(
      this.weights,
      this.routes.map((_, position) => position),
    );
    return this.#turns;
  }
}

/** What a route is told apart by: where it leads. */
export function placeOf(route: { readonly address: string; readonly port: number }): string {
  return `${route.address} ${route.port}`;
}
