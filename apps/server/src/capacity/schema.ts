/** Tables of `capacity/migrations`. */
export interface CapacityTables {
  capacity_operation: { id: string; state: number; started_ms: number; services: string; body: string };
}
