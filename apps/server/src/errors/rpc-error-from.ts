import { Code, RpcError } from "@msec/rpc";
import { DatabaseFailure, findDatabaseFailure } from "@msec/store";

const databaseErrors: Record<DatabaseFailure, readonly [Code, string]> = {
  [DatabaseFailure.Unique]: [Code.AlreadyExists, "something with the same name or address exists already"],
  [DatabaseFailure.ForeignKey]: [
    Code.FailedPrecondition,
    "something that this refers to is gone, or is still referred to",
  ],
  [DatabaseFailure.Check]: [Code.InvalidArgument, "a value is outside of what the database allows"],
  [DatabaseFailure.Conflict]: [Code.Aborted, "another change was in the way; try again"],
  [DatabaseFailure.Unavailable]: [Code.Unavailable, "the control plane's database is not available; try again"],
};

/**
 * Translate whatever a handler of this server threw. The one place where database errors get a code.
 *
 * @returns an `RpcError`; what is neither one nor a database's becomes Internal, with the origin as its `cause`
 */
export function rpcErrorFrom(thrown: unknown): RpcError {
  if (thrown instanceof RpcError) {
    return thrown;
  }
  const failure = findDatabaseFailure(thrown);
  if (failure !== undefined) {
    const [code, message] = databaseErrors[failure];
    return new RpcError(code, message, { cause: thrown });
  }
  return new RpcError(Code.Internal, "the server failed because of a defect of its own; see its log", {
    cause: thrown,
  });
}
