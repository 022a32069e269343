import type { DescMethod } from "@bufbuild/protobuf";
import { RegistryService } from "@msec/api/console/v1/registry_pb.js";
import { SessionService } from "@msec/api/console/v1/session_pb.js";
import type { Caller } from "./caller.ts";

/** Who may call a method. */
export const Access = {
  /** Everybody. */
  Public: "public",
  /** Who has a session or the operator's key: the default. */
  SignedIn: "signed-in",
  /** Only who has the operator's key. */
  Operator: "operator",
} as const;

/** One of the values of `Access`. */
export type Access = (typeof Access)[keyof typeof Access];

const exceptions = new Map<DescMethod, Access>([
  [SessionService.method.signIn, Access.Public],
  [SessionService.method.getSession, Access.Public],
  [SessionService.method.createSignInToken, Access.Operator],
  [RegistryService.method.createEnrollToken, Access.Operator],
]);

const byPath = new Map<string, Access>(
  [...exceptions].map(([method, access]) => [`/${method.parent.typeName}/${method.name}`, access] as const),
);

/**
 * Who may call the method of a path. What is not listed, known or not, needs a session or the key: a new method is
 * closed until somebody opens it here.
 *
 * @param path  `/msec.console.v1.SessionService/SignIn`
 */
export function accessOf(path: string): Access {
  return byPath.get(path) ?? Access.SignedIn;
}

/** Whether a caller has what a method asks for. */
export function isAllowed(caller: Caller, access: Access): boolean {
  switch (access) {
    case Access.Public:
      return true;
    case Access.SignedIn:
      return caller.kind !== "anonymous";
    case Access.Operator:
      return caller.kind === "operator";
  }
}
