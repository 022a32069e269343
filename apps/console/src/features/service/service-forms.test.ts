import { create } from "@bufbuild/protobuf";
import { RoutingPolicySchema } from "@msec/api/agent/v1/common_pb.js";
import { constants } from "@msec/balance";
import type { TFunction } from "i18next";
import { expect, test } from "vitest";
import { constantsEn } from "../../lib/locales/constants-en.ts";
import { ENDPOINTS_MAX, parseEndpoints } from "./endpoint-list.ts";
import { limitsDraft, limitsText, settingsOf } from "./instance-limits.ts";
import { policyDraft, policyFaults, policyOf, policySummary, samePolicy, withConstant } from "./policy-draft.ts";
import { isNewServiceName } from "./service-name.ts";

const t = ((key: string, values: Record<string, unknown> = {}) =>
  [key.split(".").slice(-1)[0], ...Object.values(values)].join(" ")) as unknown as TFunction;

test("a list of addresses is read however it is separated", () => {
  expect(parseEndpoints("10.0.0.1:80;10.0.0.2\n[2001:db8::1]:81, db.example:82 ", 6379)).toEqual([
    { address: "10.0.0.1", port: 80 },
    { address: "10.0.0.2", port: 6379 },
    { address: "2001:db8::1", port: 81 },
    { address: "db.example", port: 82 },
  ]);
  expect(parseEndpoints("", 80)).toEqual([]);
});

test("what is wrong with a list of addresses is named", () => {
  expect(parseEndpoints("10.0.0.1", 0)).toEqual({ kind: "bad", text: "10.0.0.1" });
  expect(parseEndpoints("10.0.0.1:70000", 80)).toEqual({ kind: "bad", text: "10.0.0.1:70000" });
  expect(parseEndpoints("10.0.0.1:0", 80)).toEqual({ kind: "bad", text: "10.0.0.1:0" });
  expect(parseEndpoints("2001:db8::1:80", 80)).toEqual({ kind: "bad", text: "2001:db8::1:80" });
  expect(parseEndpoints("10.0.0.1:80 10.0.0.1", 80)).toEqual({ kind: "twice", text: "10.0.0.1" });
  const many = Array.from({ length: ENDPOINTS_MAX + 1 }, (_, index) => `10.0.0.1:${index + 1}`).join(";");
  expect(parseEndpoints(many, 80)).toEqual({ kind: "many", count: ENDPOINTS_MAX + 1 });
});

test("the name of a service is checked as the server does", () => {
  for (const name of ["Flight.mod_flight", "A1.b2"]) expect([name, isNewServiceName(name)]).toEqual([name, true]);
  for (const name of ["Flight", "Flight.", "1A.bb", "A.b", "Flight.agent", "Flight.a b", "A1.b2.c3"])
    expect([name, isNewServiceName(name)]).toEqual([name, false]);
});

test("limits go through the form unchanged, and none are none", () => {
  const draft = limitsDraft(100, { procnum: 2, memoryBytes: 512 * 2 ** 20, cpus: 0, openFiles: 4096 } as never);
  expect(draft.memoryMiB).toBe(512);
  expect(settingsOf(draft)).toEqual({ procnum: 2, memoryBytes: 512 * 2 ** 20, cpus: 0, openFiles: 4096 });
  expect(limitsText(t, undefined)).toBe("noLimits");
  expect(limitsText(t, settingsOf(draft) as never)).toBe("limitProcnum 2 · limitMemory 512 MiB · limitFiles 4,096");
});

test("a policy goes through the form unchanged, and the defaults are no policy", () => {
  const policy = create(RoutingPolicySchema, {
    name: "consistent-hash",
    hashKey: "metadata:user-id",
    locality: true,
    constants: { hashPoints: 128 },
  });
  const { $typeName: _, ...plain } = policy;
  expect(policyOf(policyDraft(policy))).toEqual(plain);
  expect(policyOf(policyDraft(undefined))).toBeUndefined();
  expect(samePolicy(policyDraft(undefined), policyDraft(create(RoutingPolicySchema, { name: "adaptive" })))).toBe(true);
  // The key means something to consistent hash only; the server refuses it elsewhere.
  expect(policyOf({ ...policyDraft(policy), name: "adaptive" })?.hashKey).toBe("");
  expect(policySummary(t, policy)).toBe("consistent-hash, locality, overridden 1");
});

test("a constant at its default is not overridden, one out of its range is a fault", () => {
  const draft = policyDraft(undefined);
  expect(withConstant(draft, "ejectBaseMs", constants.ejectBaseMs).constants).toEqual({});
  const low = withConstant(draft, "ejectBaseMs", 5);
  expect(policyFaults(low)).toEqual(["ejectBaseMs"]);
  expect(policyFaults(withConstant(low, "ejectBaseMs", undefined))).toEqual([]);
  expect(policyFaults({ ...draft, name: "consistent-hash", keySource: "metadata", metadata: "User Id" })).toEqual([
    "metadata",
  ]);
});

test("every constant of the algorithm has its reason, in its order", () => {
  expect(Object.keys(constantsEn)).toEqual(Object.keys(constants));
});
