import { UserError } from "@msec/process";
import { type ListenerLimits, listenerLimitsFromNames, type PartialLimits } from "@msec/rpc-node";
import type { ProgramConfig } from "./program-config.ts";

/**
 * What callers of a service may have: `[LIMITS]` of its configuration, and what the program says over it.
 *
 * @throws UserError   a name in the configuration that does not exist, a number out of its range
 * @throws RangeError  the same in `own`
 */
export function serviceLimits(
  { file, config }: ProgramConfig,
  own: PartialLimits<ListenerLimits> | undefined,
): PartialLimits<ListenerLimits> {
  const { LIMITS } = config.values;
  try {
    listenerLimitsFromNames(LIMITS);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new UserError(`${file}: [LIMITS] ${cause.message.replace(/^limits\./, "")}`, {
      hint: "docs/reference/limits.md says what each is",
      cause,
    });
  }
  const said = Object.entries(own ?? {}).flatMap(([group, limits]) =>
    Object.entries(limits ?? {}).map(([name, value]) => [`${group}.${name}`, value] as const),
  );
  return listenerLimitsFromNames({ ...LIMITS, ...Object.fromEntries(said) });
}
