import { type HealthProblem, HealthProblemKind } from "@msec/api/console/v1/health_pb.js";
import { queryOptions, useQuery } from "@tanstack/react-query";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { type Api, useApi } from "../../lib/api.ts";
import { formatElapsed } from "../../lib/format.ts";
import type { Language } from "../../lib/preferences.ts";
import { useLanguage } from "../../lib/use-language.ts";
import { useNow } from "../../lib/use-now.ts";
import { StatusMark } from "../../ui/status-mark.tsx";

const POLL_MS = 10_000;

/** What is wrong with the system itself; asked again every ten seconds. */
export function healthQuery(api: Api) {
  return queryOptions({
    queryKey: ["health"],
    queryFn: ({ signal }) => api.health.getHealth({}, { signal }),
    refetchInterval: POLL_MS,
    // A server of an earlier version does not know the question; that is no news on every page.
    retry: false,
  });
}

const textKey = {
  [HealthProblemKind.UNSPECIFIED]: undefined,
  [HealthProblemKind.STORE_FULL]: "systemHealth.storeFull",
  [HealthProblemKind.STORE_AWAY]: "systemHealth.storeAway",
  [HealthProblemKind.AGENT_FULL]: "systemHealth.agentFull",
  [HealthProblemKind.HOST_CLOCK]: "systemHealth.hostClock",
} as const;

/** One problem in the reader's language: what, since when, what is dropped, what to do. @param nowMs the server's clock */
export function healthText(t: TFunction, language: Language, problem: HealthProblem, nowMs: number): string {
  const key = textKey[problem.kind];
  if (key === undefined) return problem.text;
  const age = formatElapsed(Math.max(0, nowMs - problem.sinceMs), language);
  const amount = formatElapsed(Math.abs(problem.aheadMs), language);
  const direction = t(problem.aheadMs < 0 ? "systemHealth.behind" : "systemHealth.ahead");
  return t(key, { subject: problem.subject, age, amount, direction, count: Number(problem.refused) });
}

/** A line above every page for each thing that is wrong with the system itself; nothing while all is well. */
export function HealthBar() {
  const { t } = useTranslation();
  const language = useLanguage();
  const now = useNow();
  const { data } = useQuery(healthQuery(useApi()));
  return data?.problems.map((problem) => (
    <div key={`${problem.kind} ${problem.subject}`} className="stale" role="alert">
      <StatusMark mark="warn" />
      <span>{healthText(t, language, problem, now)}</span>
    </div>
  ));
}
