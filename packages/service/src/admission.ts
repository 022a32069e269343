import type { DescService } from "@bufbuild/protobuf";
import { UserError } from "@msec/process";
import { findPriority, type OverloadOptions, type Priority, priorityOfMethod } from "@msec/rpc";
import type { Program } from "./program.ts";

/** Which calls of a service are refused first when it has too much to do. */
export type AdmissionOptions = {
  /** By the method's TypeScript name: `low`, `normal`, `high`, `critical`; default what the IDL says, else `normal`. */
  readonly priorities?: Readonly<Partial<Record<string, string>>> | undefined;
  /** Milliseconds that calls may wait before they run until some are refused; 0…60_000, 0 never. Default 100. */
  readonly queueTargetMs?: number | undefined;
};

/**
 * What a service's listener is told about overload.
 *
 * @throws UserError  a priority of a method that the service does not have, or one that does not exist
 */
export function admissionOf(
  service: DescService,
  options: AdmissionOptions,
  program: Pick<Program, "messageTimeoutMs" | "log">,
): OverloadOptions {
  const priorities = new Map<string, Priority>();
  for (const method of service.methods) {
    const priority = priorityOfMethod(method);
    if (priority !== undefined) priorities.set(`${service.typeName}.${method.name}`, priority);
  }
  for (const [localName, name] of Object.entries(options.priorities ?? {})) {
    if (name === undefined) continue;
    const method = service.methods.find((each) => each.localName === localName);
    const priority = findPriority(name);
    if (method === undefined) {
      throw new UserError(`priorities.${localName}: ${service.typeName} has no such method`, {
        hint: `it has ${service.methods.map((each) => each.localName).join(", ")}`,
      });
    }
    if (priority === undefined) {
      throw new UserError(`priorities.${localName} ${JSON.stringify(name)} is no priority`, {
        hint: "low, normal, high or critical",
      });
    }
    priorities.set(`${service.typeName}.${method.name}`, priority);
  }
  const { queueTargetMs } = options;
  if (
    queueTargetMs !== undefined &&
    !(Number.isInteger(queueTargetMs) && queueTargetMs >= 0 && queueTargetMs <= 60_000)
  ) {
    throw new UserError(`queueTargetMs ${queueTargetMs} is not a time to wait`, { hint: "0…60000 milliseconds" });
  }
  return {
    targetMs: queueTargetMs,
    maxWaitMs: Math.ceil(program.messageTimeoutMs),
    priorities,
    onChange: ({ shedding, waitMs, admitted }) => {
      const fields = { waitMs: Math.round(waitMs), admitted: Math.round(admitted * 100) / 100 };
      if (shedding) program.log.of(undefined).error("overloaded: calls are refused, the least important first", fields);
      else program.log.of(undefined).info("no longer overloaded: all calls are admitted", fields);
    },
  };
}
