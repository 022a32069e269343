import type { Constants } from "./constants.ts";
import type { Ejection } from "./ejection.ts";
import type { Finding, Heard } from "./hearsay.ts";
import type { Instance, Peers } from "./instance.ts";
import { type Explanation, InstanceState } from "./route.ts";

/** Says of one instance why it gets its share, in figures and in one sentence. */
export function explainInstance(
  instance: Instance,
  share: number,
  peers: Peers,
  nowMs: number,
  numbers: Constants,
): Explanation {
  const { ejection } = instance;
  const state = stateOf(instance, nowMs, numbers);
  const retryInMs = ejection.isOut ? Math.max(0, ejection.untilMs - nowMs) : 0;
  return {
    instanceId: instance.instanceId,
    address: instance.address,
    port: instance.port,
    weight: instance.weight,
    share,
    state,
    inFlight: instance.inFlight,
    latencyMs: instance.latency.meanMs,
    successRatio: instance.successRatio,
    failuresInRow: ejection.failures,
    retryInMs,
    reason: reasonOf(instance, state, peers, nowMs, numbers),
  };
}

/** What own calls showed of an instance, for others. */
export function findingOf(
  instance: Instance,
  explanation: Explanation,
  peers: Peers,
  nowMs: number,
  { latencyFloorMs }: Constants,
): Finding {
  const { ejection, latency, successRatio } = instance;
  const isMeasured = latency.count > 0 && peers.latencyMs > 0;
  return {
    ...explanation,
    calls: instance.finished,
    ageMs: nowMs - instance.finishedMs,
    leftOut: ejection.isOut && !ejection.isHearsay,
    latencyRatio: isMeasured ? (latency.meanMs + latencyFloorMs) / (peers.latencyMs + latencyFloorMs) : 0,
    successShare: peers.successRatio > 0 ? Math.min(1, successRatio / peers.successRatio) : 1,
  };
}

function stateOf(instance: Instance, nowMs: number, numbers: Constants): InstanceState {
  if (instance.ejection.isProbing(nowMs, numbers)) return InstanceState.probing;
  if (instance.ejection.isOut) return InstanceState.ejected;
  if (instance.isSuppressed) return InstanceState.suppressed;
  return instance.warmth(nowMs, numbers) < 1 ? InstanceState.warming : InstanceState.serving;
}

function reasonOf(instance: Instance, state: InstanceState, peers: Peers, nowMs: number, numbers: Constants): string {
  const { ejection, latency } = instance;
  const rows = ejection.transportFailures > 0 ? ejection.transportFailures : ejection.failures;
  const failures = `${rows} ${ejection.transportFailures > 0 ? "transport " : ""}failure${rows === 1 ? "" : "s in a row"}`;
  const figures = `${latency.meanMs.toFixed(1)} ms, ${percent(instance.successRatio)} successful`;
  if (ejection.isHearsay && instance.heard !== undefined) return rumourOf(instance.heard, ejection, nowMs);
  switch (state) {
    case InstanceState.ejected: {
      const left = Math.max(0, Math.ceil(ejection.untilMs - nowMs));
      if (ejection.isAsked)
        return `${failures}; asked ${left === 0 ? "next" : `again in ${left} ms`} whether it is there`;
      return `${failures}; ${left === 0 ? "the next call tries it" : `tried again in ${left} ms`}`;
    }
    case InstanceState.probing:
      if (ejection.isAsked) return `${failures}; it is being asked whether it is there`;
      return `${failures}; one call is on its way to see whether it is back`;
    case InstanceState.suppressed:
      return `${figures}, the others ${peers.latencyMs.toFixed(1)} ms, ${percent(peers.successRatio)}: gets only probes`;
    case InstanceState.warming:
      return `new or just returned: ${percent(instance.warmth(nowMs, numbers))} of its share`;
    case InstanceState.serving:
      if (instance.heard !== undefined && instance.heardWorth(nowMs, numbers) < 1) return hearsayOf(instance.heard);
      if (latency.count === 0) return "not measured yet";
      return `${figures}, ${instance.inFlight} in flight`;
  }
}

function rumourOf({ voices }: Heard, { isAsked, untilMs }: Ejection, nowMs: number): string {
  const left = Math.max(0, Math.ceil(untilMs - nowMs));
  const tried = left === 0 ? "the next call tries it" : `tried in ${left} ms`;
  const when = isAsked ? "it is being asked whether it is there" : tried;
  return `left out by ${voices === 1 ? "another process" : `${voices} processes`} of this host; ${when}`;
}

function hearsayOf({ voices, latencyRatio, successShare }: Heard): string {
  const who = voices === 1 ? "another process of this host says" : `${voices} processes of this host say`;
  const slow = latencyRatio > 0 ? `${latencyRatio.toFixed(1)} times the others' latency, ` : "";
  return `${who}: ${slow}${percent(successShare)} of their success`;
}

function percent(ratio: number): string {
  return `${Math.round(ratio * 100)} %`;
}
