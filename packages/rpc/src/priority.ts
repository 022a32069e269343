import type { DescMethod } from "@bufbuild/protobuf";

/** How early calls of a method are refused when a service is overloaded: lower ones first. */
export const Priority = { Low: 0, Normal: 1, High: 2, Critical: 3 } as const;

/** One of {@link Priority}, 0…3. */
export type Priority = (typeof Priority)[keyof typeof Priority];

/** A priority as configurations and options spell it. */
export type PriorityName = "low" | "normal" | "high" | "critical";

const priorities: Readonly<Record<PriorityName, Priority>> = {
  low: Priority.Low,
  normal: Priority.Normal,
  high: Priority.High,
  critical: Priority.Critical,
};

/** The priority with this name; `undefined` where there is none. */
export function findPriority(name: string): Priority | undefined {
  return Object.hasOwn(priorities, name) ? priorities[name as PriorityName] : undefined;
}

// `extend google.protobuf.MethodOptions { optional Priority priority = 50615; }` in idl/msec/rpc/v1/priority.proto, and the values there.
const optionNumber = 50615;
const byOption: readonly (Priority | undefined)[] = [
  undefined,
  Priority.Low,
  Priority.Normal,
  Priority.High,
  Priority.Critical,
];

/**
 * The priority that the IDL gives a method, `option (msec.rpc.v1.priority) = PRIORITY_HIGH;`; `undefined` where it gives none, or one that
 * this version does not know.
 *
 * Read as the unknown field that it is to whoever has not loaded the option's own descriptor: that would bring all of protobuf's well-known types into
 * every program.
 */
export function priorityOfMethod(method: DescMethod): Priority | undefined {
  // A varint of one byte, as all known values are.
  const field = method.proto.options?.$unknown?.findLast(({ no }) => no === optionNumber);
  return field?.data.length === 1 ? byOption[field.data[0]!] : undefined;
}
