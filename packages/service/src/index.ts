export { type CallContext, type CallOptions, type Client, Code, codeName, currentContext, RpcError } from "@msec/rpc";
export type { LogFields } from "@msec/telemetry";
export { type Connection, type ConnectOptions, connect } from "./connect.ts";
export type { LaunchOptions } from "./launch.ts";
export type { Calling } from "./program.ts";
export type { Log } from "./program-log.ts";
export type { ServiceContext } from "./request-context.ts";
export { DEFAULT_TIMEOUT_MS } from "./routed-calls.ts";
export { type ServeOptions, type Service, serve } from "./serve.ts";
