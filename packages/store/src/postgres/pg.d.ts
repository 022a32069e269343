// The part of `pg` that the store uses; `pg` itself carries no types.
declare module "pg" {
  export interface PoolOptions {
    connectionString: string;
    application_name: string;
    max: number;
    connectionTimeoutMillis: number;
    idleTimeoutMillis: number;
    statement_timeout: number;
    idle_in_transaction_session_timeout: number;
    keepAlive: boolean;
    types: { getTypeParser(oid: number, format?: "text" | "binary"): (value: never) => unknown };
  }

  export class Pool {
    constructor(options: PoolOptions);
    readonly options: object;
    connect(): Promise<PoolClient>;
    query<Row>(text: string): Promise<{ rows: Row[] }>;
    end(): Promise<void>;
    on(event: "error", listener: (error: Error) => void): this;
    on(event: "connect", listener: (client: PoolClient) => void): this;
  }

  export interface PoolClient {
    query<Row>(text: string, values: readonly unknown[]): Promise<{ command: "SELECT"; rowCount: number; rows: Row[] }>;
    query<Row>(
      text: string | { text: string; query_timeout: number },
    ): Promise<{ command: "SELECT"; rowCount: number; rows: Row[] }>;
    query<Row>(cursor: Row): Row;
    release(destroy?: boolean): void;
    on(event: "error", listener: (error: Error) => void): this;
  }

  export const types: PoolOptions["types"];
}
