// Codecs under the name by which packages know them that have nothing to do with frames.
export { type Codec as MessageCodec, compileCodec as messageCodec } from "@msec/wire";
export { AttemptReason, attemptMark, attemptNumber } from "./attempt.ts";
export { busyWait } from "./busy-wait.ts";
export { type CallContext, currentContext, runInContext } from "./call-context.ts";
export type { CallFollower } from "./call-follower.ts";
export { clearId, copyId, type IdCell, idOffset, takeIds } from "./call-ids.ts";
export type { CallOptions, Requests, StreamCall, UnaryCall } from "./call-options.ts";
export { CallRecord, CallSide } from "./call-record.ts";
export { CallServer } from "./call-server.ts";
export { Code, codeName, isCode } from "./code.ts";
export { createClient } from "./create-client.ts";
export { DeadlineTimer } from "./deadline-timer.ts";
export { type ErrorDetail, errorDetail, findErrorDetail } from "./error-detail.ts";
export type { MessageFields } from "./message-fields.ts";
export { MethodTable, type ServedMethod, type ServedStream } from "./method-table.ts";
export type { CallObserver } from "./observer.ts";
export { Overload, type OverloadOptions, type OverloadState } from "./overload.ts";
export { type ParallelOptions, parallel } from "./parallel.ts";
export { PlaceSet } from "./place-set.ts";
export { findPriority, Priority, type PriorityName, priorityOfMethod } from "./priority.ts";
export { RepeatBudget } from "./repeat-budget.ts";
export { createReply, type Reply } from "./reply.ts";
export { codeFromRet, type RetCode, retCodes, retFromCode, retFromError } from "./ret-code.ts";
export { RpcError, type RpcErrorDetails, type RpcErrorOptions, rpcErrorFromUnknown } from "./rpc-error.ts";
export { serveStream } from "./serve-stream.ts";
export { type ArrivedCall, type PeerInfo, ServedCall } from "./served-call.ts";
export type {
  BidiStreamingHandler,
  Client,
  ClientStreamingHandler,
  Handler,
  ServerStreamingHandler,
  ServiceImplementation,
} from "./service-types.ts";
export {
  flowIdFromTraceId,
  formatTraceParent,
  hexFromBytes,
  parseTraceParent,
  type TraceParent,
  traceIdFromFlowId,
  traceStateOf,
} from "./trace-parent.ts";
export { wallClockUs } from "./wall-clock.ts";
