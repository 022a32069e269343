import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import type { Api } from "../../lib/api.ts";
import type { AlarmsSearch } from "./alarms-search.ts";

const POLL_MS = 5000;
const PAGE = 200;

/** How many alarms are open, and whether rules are evaluated. */
export function alarmStatusQuery(api: Api) {
  return queryOptions({
    queryKey: ["alarms", "status"],
    queryFn: ({ signal }) => api.alarm.getAlarmStatus({}, { signal }),
    refetchInterval: POLL_MS,
  });
}

/** Alarms by the page's filter, newest first. */
export function alarmsQuery(api: Api, search: AlarmsSearch) {
  const filter = {
    history: search.history ?? false,
    service: search.service ?? "",
    ruleId: search.rule ?? "",
    severity: search.severity ?? 0,
    unacknowledged: search.unacknowledged ?? false,
    limit: PAGE,
  };
  return queryOptions({
    queryKey: ["alarms", "list", filter],
    queryFn: ({ signal }) => api.alarm.listAlarms(filter, { signal }),
    refetchInterval: POLL_MS,
    placeholderData: (before) => before,
  });
}

/** One alarm with everything that belongs to it. */
export function alarmQuery(api: Api, id: string) {
  return queryOptions({
    queryKey: ["alarms", "one", id],
    queryFn: ({ signal }) => api.alarm.getAlarm({ id }, { signal }),
    refetchInterval: 2 * POLL_MS,
  });
}

/** All rules. */
export function rulesQuery(api: Api) {
  return queryOptions({
    queryKey: ["alarms", "rules"],
    queryFn: ({ signal }) => api.alarm.listAlarmRules({}, { signal }),
    refetchInterval: 2 * POLL_MS,
  });
}

/** All channels. */
export function channelsQuery(api: Api) {
  return queryOptions({
    queryKey: ["alarms", "channels"],
    queryFn: ({ signal }) => api.alarm.listAlarmChannels({}, { signal }),
    refetchInterval: 2 * POLL_MS,
  });
}

/** Silences that hold. */
export function silencesQuery(api: Api) {
  return queryOptions({
    queryKey: ["alarms", "silences"],
    queryFn: ({ signal }) => api.alarm.listAlarmSilences({}, { signal }),
    refetchInterval: 2 * POLL_MS,
  });
}

/** A change of anything about alarms: afterwards everything about them is read again. */
export function useAlarmChange<Variables, Answer>(change: (variables: Variables) => Promise<Answer>) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["alarms"] }),
  });
}
