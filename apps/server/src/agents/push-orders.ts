/** What an operator has ordered to be sent again to single hosts, whatever their agents have; each order is carried out once. */
export class PushOrders {
  readonly #routes = new Set<string>();
  readonly #assignments = new Set<string>();

  /** Send everything to these hosts with their next answers. */
  order(hostIds: Iterable<string>): void {
    for (const hostId of hostIds) {
      this.#routes.add(hostId);
      this.#assignments.add(hostId);
    }
  }

  hasRoutes(hostId: string): boolean {
    return this.#routes.has(hostId);
  }

  hasAssignment(hostId: string): boolean {
    return this.#assignments.has(hostId);
  }

  /** The routes are being sent. @returns whether they were ordered */
  takeRoutes(hostId: string): boolean {
    return this.#routes.delete(hostId);
  }

  /** The assignment is being sent. @returns whether it was ordered */
  takeAssignment(hostId: string): boolean {
    return this.#assignments.delete(hostId);
  }
}
