export type { Explanation } from "@msec/balance";
export {
  type CallContext,
  type CallOptions,
  type Client,
  Code,
  codeName,
  currentContext,
  type ErrorDetail,
  errorDetail,
  findErrorDetail,
  type ParallelOptions,
  type PriorityName,
  parallel,
  type Reply,
  RpcError,
} from "@msec/rpc";
export type { ChannelTls, ExternalCodec, ExternalLimits, ListenerTls } from "@msec/rpc-node";
export type { LogFields } from "@msec/telemetry";
export { type Connection, type ConnectOptions, connect } from "./connect.ts";
export type { ExternalOptions } from "./external/call-external.ts";
export type { Json, JsonAnswer } from "./json-call.ts";
export type { LaunchOptions } from "./launch.ts";
export type { Calling } from "./program.ts";
export type { Log, LogLines } from "./program-log.ts";
export type { ServiceContext } from "./request-context.ts";
export { type CallTime, DEFAULT_TIMEOUT_MS } from "./routed-calls.ts";
export type { RouteResult, ServiceRoute } from "./routes/route-loans.ts";
export { type Handlers, type ServeOptions, type Service, serve } from "./serve.ts";
export type { CallTls } from "./service-tls.ts";
export { traceHeaders } from "./trace-headers.ts";
