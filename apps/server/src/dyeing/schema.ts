/** Tables of `dyeing/migrations`. */
export interface DyeingTables {
  dye_rule: {
    id: string;
    field: string;
    value: string;
    service: string;
    caller: string;
    note: string;
    created_ms: number;
    expires_ms: number;
    created_by: string;
  };
}
