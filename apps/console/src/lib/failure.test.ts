import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { FailureKind, failureFrom, isWorthRetrying } from "./failure.ts";

test("tells a server that does not answer from one that answers without what it needs", () => {
  const cases: [unknown, string][] = [
    [ConnectError.from(new TypeError("Failed to fetch")), FailureKind.Unreachable],
    [new ConnectError("the operation timed out", Code.DeadlineExceeded), FailureKind.TooSlow],
    [new ConnectError("HTTP 502", Code.Unavailable), FailureKind.Unreachable],
    [new Error("Unable to preload CSS for http://127.0.0.1:8080/assets/hosts.css"), FailureKind.Unreachable],
    [new Error("error loading dynamically imported module: /assets/hosts.js"), FailureKind.Unreachable],
    [new ConnectError("the telemetry store starts again", Code.Unavailable), FailureKind.TelemetryDown],
    [new ConnectError("no such request", Code.NotFound), FailureKind.NotFound],
    [new ConnectError("sign in first", Code.Unauthenticated), FailureKind.SignedOut],
    [new ConnectError("step 7 must be 1, 10, 60, 600 or 3600", Code.InvalidArgument), FailureKind.Refused],
    [new ConnectError("defect", Code.Internal), FailureKind.Unexpected],
  ];
  for (const [error, kind] of cases) expect([String(error), failureFrom(error).kind]).toEqual([String(error), kind]);
});

test("keeps the server's words, and asks again only where that may help", () => {
  const refused = new ConnectError("step 7 must be 1, 10, 60, 600 or 3600", Code.InvalidArgument);
  expect(failureFrom(refused).detail).toBe("step 7 must be 1, 10, 60, 600 or 3600");
  expect(isWorthRetrying(refused)).toBe(false);
  expect(isWorthRetrying(new ConnectError("HTTP 502", Code.Unavailable))).toBe(true);
});
