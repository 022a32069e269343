import type { KeyValue } from "../gen/opentelemetry/proto/common/v1/common_pb.js";
import { type Status, Status_StatusCode } from "../gen/opentelemetry/proto/trace/v1/trace_pb.js";
import { attributeNumber } from "./attributes.ts";

const UNKNOWN = 2;

// As gRPC maps the answers of HTTP servers that know no gRPC, and what our own HTTP answers mean.
const codeOfHttp: ReadonlyMap<number, number> = new Map([
  [400, 3],
  [401, 16],
  [403, 7],
  [404, 5],
  [408, 4],
  [409, 10],
  [412, 9],
  [429, 8],
  [499, 1],
  [500, 13],
  [501, 12],
  [502, 14],
  [503, 14],
  [504, 4],
]);

/** The gRPC code, 0…16, that a span's status and attributes stand for; 0 unless it failed. */
export function spanCode(status: Status | undefined, attributes: readonly KeyValue[]): number {
  const grpc = attributeNumber(attributes, ["rpc.grpc.status_code", "rpc.response.status_code"]);
  if (grpc !== undefined && grpc <= 16 && grpc > 0) return grpc;
  if (status?.code !== Status_StatusCode.ERROR) return 0;
  const http = attributeNumber(attributes, ["http.response.status_code", "http.status_code"]);
  return (http === undefined ? undefined : codeOfHttp.get(http)) ?? UNKNOWN;
}
