import { isServiceName } from "@msec/api/service-name";
import { levelNamed, levelNames } from "@msec/telemetry";
import { z } from "zod";
import { localLimits as limits } from "./local-limits.ts";

const service = z.string().refine(isServiceName, "expected a service's name, L1.L2");
const fieldName = z.string().min(1).max(limits.fieldName);
const fieldValue = z.union([z.string().max(limits.fieldText), z.number(), z.boolean(), z.null()]);
const instanceId = z.string().min(1).max(100);
const anyCapitals = (name: unknown) => (typeof name === "string" ? levelNamed(name) : undefined) ?? name;

/** What each request of the local API may hold; whatever is not named is refused. Numbers are finite: JSON's `1e999` is not. */
export const requests = {
  getroute: z.strictObject({ service, key: z.string().min(1).max(limits.hashKey).optional() }),
  updateroute: z.strictObject({
    handle: z.string().min(1).max(64),
    ok: z.boolean(),
    costMs: z.number().min(0).max(limits.costMs),
    reached: z.boolean().optional(),
  }),
  report: z.strictObject({
    service,
    instanceId: instanceId.optional(),
    samples: z
      .array(
        z.strictObject({ name: z.string().min(1).max(127), kind: z.enum(["counter", "gauge"]), value: z.number() }),
      )
      .min(1)
      .max(limits.samples),
  }),
  log: z.strictObject({
    service,
    instanceId: instanceId.optional(),
    lines: z
      .array(
        z.strictObject({
          level: z.preprocess(anyCapitals, z.enum(levelNames)),
          text: z.string().min(1).max(limits.lineText),
          fields: z
            .record(fieldName, fieldValue)
            .refine(
              (fields) => Object.keys(fields).length <= limits.lineFields,
              `expected at most ${limits.lineFields} fields`,
            )
            .optional(),
          requestId: z.string().min(1).max(40).optional(),
          spanId: z
            .string()
            .regex(/^[0-9a-f]{16}$/i, "expected 16 hex digits")
            .optional(),
          method: z.string().min(1).max(limits.methodName).optional(),
        }),
      )
      .min(1)
      .max(limits.lines),
  }),
  table: z.strictObject({ service }),
  config: z
    .strictObject({
      service,
      section: z.string().min(1).max(200).optional(),
      key: z.string().min(1).max(200).optional(),
    })
    .refine(({ section, key }) => (section === undefined) === (key === undefined), "section and key come together"),
  services: z.strictObject({}),
  status: z.strictObject({}),
};

/** Name of an operation of the local API. */
export type OperationName = keyof typeof requests;

/** A request of an operation, checked. */
export type RequestOf<Name extends OperationName> = z.output<(typeof requests)[Name]>;

/** The operations by method and path: the only list of them. docs/reference/local-api.md has each, and a test compares the two. */
export const operations: Readonly<Record<string, OperationName>> = {
  "POST /v1/getroute": "getroute",
  "POST /v1/updateroute": "updateroute",
  "POST /v1/report": "report",
  "POST /v1/log": "log",
  "GET /v1/config": "config",
  "GET /v1/table": "table",
  "GET /v1/services": "services",
  "GET /v1/status": "status",
};
