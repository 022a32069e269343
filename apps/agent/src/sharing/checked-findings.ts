import type { ServiceFindings, Finding as WireFinding } from "@msec/api/agent/v1/sharing_pb.js";
import { isServiceName } from "@msec/api/service-name";
import { type Finding, InstanceState } from "@msec/balance";
import { Code, RpcError } from "@msec/rpc";
import { FINDINGS_MAX } from "./shared-findings.ts";

const DAY_MS = 86_400_000;
const states: ReadonlySet<string> = new Set(Object.values(InstanceState));

/**
 * What a process says it found, checked: every number finite and in its range.
 *
 * @throws RpcError InvalidArgument naming the first thing that is wrong; nothing of the exchange counts then
 */
export function checkedFindings(services: readonly ServiceFindings[]): { service: string; findings: Finding[] }[] {
  let rows = 0;
  for (const { findings } of services) rows += findings.length;
  if (rows > FINDINGS_MAX || services.length > FINDINGS_MAX) {
    throw refusal(`${Math.max(rows, services.length)} findings in one exchange; at most ${FINDINGS_MAX} are taken`);
  }
  return services.map(({ service, findings }) => {
    if (!isServiceName(service)) throw refusal(`service ${JSON.stringify(service.slice(0, 80))} is not L1.L2`);
    return { service, findings: findings.map(checkedFinding) };
  });
}

function checkedFinding(row: WireFinding): Finding {
  const { address, port, leftOut, state, reason } = row;
  if (port < 1 || port > 65_535) throw refusal(`port ${port} must be 1…65535`);
  if (address.length > 255) throw refusal("address has more than 255 characters");
  if (!states.has(state)) throw refusal(`state ${JSON.stringify(state.slice(0, 40))} is none`);
  return {
    instanceId: "",
    address,
    port,
    leftOut,
    weight: 0,
    calls: inRange("calls", row.calls, 1, Number.MAX_SAFE_INTEGER),
    ageMs: inRange("age_ms", row.ageMs, 0, Number.MAX_SAFE_INTEGER),
    latencyRatio: inRange("latency_ratio", row.latencyRatio, 0, 1e6),
    successShare: inRange("success_share", row.successShare, 0, 1),
    state: state as InstanceState,
    share: inRange("share", row.share, 0, 1),
    latencyMs: inRange("latency_ms", row.latencyMs, 0, DAY_MS),
    successRatio: inRange("success_ratio", row.successRatio, 0, 1),
    inFlight: row.inFlight,
    failuresInRow: row.failuresInRow,
    retryInMs: inRange("retry_in_ms", row.retryInMs, 0, DAY_MS),
    reason: printable(reason),
  };
}

function inRange(name: string, value: number, least: number, most: number): number {
  if (value >= least && value <= most) return value;
  throw refusal(`${name} ${value} must be ${least}…${most}`);
}

// It is shown in terminals: without control characters, which could move the cursor or pretend to be other lines.
function printable(text: string): string {
  return text.slice(0, 200).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, " ");
}

function refusal(message: string): RpcError {
  return new RpcError(Code.InvalidArgument, message);
}
