import { createRoute } from "@tanstack/react-router";
import { lazy } from "react";
import { useTranslation } from "react-i18next";
import { parseAlarmsSearch, parseEditSearch } from "../features/alarm/alarms-search.ts";
import { useTitle } from "../lib/use-title.ts";
import { appRoute } from "./app.tsx";

const AlarmsPage = lazy(async () => ({ default: (await import("../features/alarm/alarms-page.tsx")).AlarmsPage }));
const AlarmPage = lazy(async () => ({ default: (await import("../features/alarm/alarm-page.tsx")).AlarmPage }));
const RulesPage = lazy(async () => ({ default: (await import("../features/alarm/rules-page.tsx")).RulesPage }));
const SilencesPage = lazy(async () => ({
  default: (await import("../features/alarm/silences-page.tsx")).SilencesPage,
}));
const ChannelsPage = lazy(async () => ({
  default: (await import("../features/alarm/channels-page.tsx")).ChannelsPage,
}));

/** `/alarms?history=true&service=Flight.mod_flight` */
export const alarmsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/alarms",
  validateSearch: parseAlarmsSearch,
  component: function AlarmsRoute() {
    const navigate = alarmsRoute.useNavigate();
    useTitle(useTranslation().t("alarm.title"));
    return (
      <AlarmsPage search={alarmsRoute.useSearch()} onSearch={(search) => void navigate({ search, replace: true })} />
    );
  },
});

/** `/alarms/0af7651916cd43dd` */
export const alarmRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/alarms/$id",
  component: function AlarmRoute() {
    const { id } = alarmRoute.useParams();
    useTitle(useTranslation().t("alarm.title"));
    return <AlarmPage id={id} />;
  },
});

/** `/alarms/rules?edit=new` */
export const alarmRulesRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/alarms/rules",
  validateSearch: parseEditSearch,
  component: function AlarmRulesRoute() {
    const navigate = alarmRulesRoute.useNavigate();
    useTitle(useTranslation().t("alarm.rules"));
    const { edit } = alarmRulesRoute.useSearch();
    return (
      <RulesPage edit={edit} onEdit={(next) => void navigate({ search: next === undefined ? {} : { edit: next } })} />
    );
  },
});

/** `/alarms/silences` */
export const alarmSilencesRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/alarms/silences",
  component: function AlarmSilencesRoute() {
    useTitle(useTranslation().t("alarm.silences"));
    return <SilencesPage />;
  },
});

/** `/alarms/channels?edit=new` */
export const alarmChannelsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/alarms/channels",
  validateSearch: parseEditSearch,
  component: function AlarmChannelsRoute() {
    const navigate = alarmChannelsRoute.useNavigate();
    useTitle(useTranslation().t("alarm.channels"));
    const { edit } = alarmChannelsRoute.useSearch();
    return (
      <ChannelsPage
        edit={edit}
        onEdit={(next) => void navigate({ search: next === undefined ? {} : { edit: next } })}
      />
    );
  },
});
