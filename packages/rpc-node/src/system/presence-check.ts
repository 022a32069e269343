import { Health } from "../../gen/grpc/health/v1/health_pb.js";

const checkMethod = `${Health.typeName}.${Health.method.check.name}`;

/**
 * Whether a method that is not served is the one by which callers ask if anybody is there (`grpc.health.v1.Health.Check`, over SRPC).
 *
 * Any answer tells them, so they get that of an unknown method, as from the original's services; but it is nobody's call, and is not recorded as one that failed.
 */
export function isPresenceCheck(method: string): boolean {
  return method === checkMethod;
}
