import { otlpLimits as limits } from "./otlp-limits.ts";
import { FOREIGN_FAMILY, type Reporter } from "./reporter.ts";

/** Under which instance, and which service, is kept what comes from more of them than are told apart. */
const OTHER_INSTANCE = "(other)";
const OTHER_SERVICE = `${FOREIGN_FAMILY}.other_services`;

/**
 * Tells apart only so many services and instances that were heard in the last hour: a program that names itself anew in each request must not make
 * curves, and a tree, without end. What is beyond counts for all of them together until others have been silent for an hour.
 */
export class ReporterLimit {
  readonly #services = new Map<string, number>();
  readonly #instances = new Map<string, number>();
  readonly #onForgotten: (instance: string) => void;

  /** @param onForgotten  hears of each instance, as `service instance`, that makes room for another */
  constructor(onForgotten: (instance: string) => void) {
    this.#onForgotten = onForgotten;
  }

  /**
   * The reporter itself, or the one under which it is kept.
   *
   * @param nowMs  milliseconds since 1970 UTC
   */
  admit(reporter: Reporter, nowMs: number): Reporter {
    const { service, instance } = reporter;
    if (!isHeard(this.#services, service, limits.services, nowMs, () => {})) {
      return { service: OTHER_SERVICE, instance: OTHER_INSTANCE };
    }
    const isKnown = isHeard(this.#instances, `${service} ${instance}`, limits.instances, nowMs, this.#onForgotten);
    return isKnown ? reporter : { service, instance: OTHER_INSTANCE };
  }
}

// In the order in which they were last heard.
function isHeard(
  heard: Map<string, number>,
  name: string,
  max: number,
  nowMs: number,
  onForgotten: (name: string) => void,
): boolean {
  const [oldest] = heard;
  if (!heard.delete(name) && heard.size >= max && oldest !== undefined) {
    // A clock that was set back makes room too.
    if (Math.abs(nowMs - oldest[1]) < limits.heardMs) return false;
    heard.delete(oldest[0]);
    onForgotten(oldest[0]);
  }
  heard.set(name, nowMs);
  return true;
}
