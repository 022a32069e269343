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
