import type { Instance } from "@msec/api/console/v1/registry_pb.js";
import { Button, Checkbox, Switch, Tooltip } from "antd";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import { formatAge, formatDateTime, formatElapsed, formatRate } from "../../lib/format.ts";
import { useLanguage } from "../../lib/use-language.ts";
import { useNow } from "../../lib/use-now.ts";
import { Expander } from "../../ui/expander.tsx";
import { RateBars } from "../../ui/sparkline.tsx";
import { Mark, Status } from "../../ui/status-mark.tsx";
import type { Curve } from "../call/series.ts";
import { placeOf } from "../capacity/operation-words.ts";
import { PROCESS_COLUMNS, ProcessCells } from "../host/process-cells.tsx";
import { processStateView } from "./health-mark.ts";
import { limitsText, transportName } from "./instance-limits.ts";

/** Seconds of calls that a row shows, one bar each. */
export const LAST_SECONDS = 10;

// The mean of two seconds is calm enough to read. Right after the switch was used one wants to see what it does: then the
// newest second alone counts.
const CALM_SECONDS = 2;
const SWITCHED_MS = 6000;

/** One instance. */
export interface InstanceRowProps {
  readonly instance: Instance;
  /** What most instances run, where not all run the same. */
  readonly usualRelease: string | undefined;
  /** Others can call it: it has a switch and traffic. */
  readonly callable: boolean;
  /** An agent runs it and says how it is; nobody does of external ones. */
  readonly supervised: boolean;
  /** Its last seconds; undefined when it was not called. */
  readonly curve: Curve | undefined;
  readonly trafficKnown: boolean;
  readonly chosen: boolean;
  readonly onChoose: () => void;
  readonly pending: boolean;
  readonly onRouting: (inRouting: boolean) => void;
  /** Opens its weight and limits. */
  readonly onEdit: () => void;
  readonly open: boolean;
  /** Opens it, or closes it. */
  readonly onOpen: () => void;
}

/** One instance, and everything known of it when it is opened. */
export function InstanceRow(props: InstanceRowProps) {
  const { instance, callable, chosen, open } = props;
  const { t } = useTranslation();
  const language = useLanguage();
  const now = useNow();
  const moreId = useId();
  const { process } = instance;
  const address = placeOf(instance);
  const alive = process !== undefined && process.pid !== 0;
  const release = alive ? process.release : "";
  return (
    <>
      <tr className={chosen ? "row chosen" : "row"}>
        <td>
          <span className="lead-cells">
            <Checkbox aria-label={t("instance.select", { address })} checked={chosen} onChange={props.onChoose} />
            <Expander open={open} controls={moreId} label={t("instance.more", { address })} onToggle={props.onOpen} />
            <span className="mono">{address}</span>
          </span>
        </td>
        <td>
          <StateCell instance={instance} />
        </td>
        {callable && (
          <td className="routing">
            <span className="routing-cell">
              <Switch
                size="small"
                checked={instance.inRouting}
                loading={props.pending}
                aria-label={t("instance.routingOf", { address })}
                onChange={props.onRouting}
              />
              <span className={instance.inRouting ? "" : "muted"}>
                {t(instance.inRouting ? "routing.in" : "routing.out")}
              </span>
              <SilenceMark instance={instance} />
            </span>
          </td>
        )}
        {callable && (
          <td className="num">
            <TrafficCell
              curve={props.curve}
              known={props.trafficKnown}
              address={address}
              switched={now - instance.routingChangedMs < SWITCHED_MS}
            />
          </td>
        )}
        {props.supervised && (
          <>
            <td className="col-wide">{instance.hostName || <span className="zero">–</span>}</td>
            <td className="col-wide">
              <ReleaseCell release={release} usual={props.usualRelease} />
            </td>
            <ProcessCells process={process} />
          </>
        )}
      </tr>
      {open && (
        <tr className="more" id={moreId}>
          <td colSpan={(callable ? 4 : 2) + (props.supervised ? 2 + PROCESS_COLUMNS : 0)}>
            <dl className="facts">
              <Fact name={t("instance.id")} value={<span className="mono">{instance.id}</span>} />
              <Fact name={t("column.host")} value={instance.hostName || "–"} />
              {release !== "" && (
                <Fact name={t("column.release")} value={<ReleaseCell release={release} usual={props.usualRelease} />} />
              )}
              <Fact name={t("instance.weight")} value={instance.weight} />
              {instance.hostId === "" ? (
                <Fact name={t("instanceForm.transport")} value={transportName[instance.transport]} />
              ) : (
                <Fact name={t("instanceForm.limits")} value={limitsText(t, instance.settings)} />
              )}
              {instance.routingChangedMs > 0 && (
                <Fact
                  name={t("instance.routingChanged")}
                  value={formatAge(now - instance.routingChangedMs, language)}
                />
              )}
              {alive && <Fact name={t("instance.started")} value={formatDateTime(process.startedMs)} />}
              {instance.reportedMs > 0 && (
                <Fact name={t("instance.reported")} value={formatAge(now - instance.reportedMs, language)} />
              )}
            </dl>
            <Button size="small" className="edit" onClick={props.onEdit}>
              {t("instanceForm.edit")}
            </Button>
            {instance.silentSinceMs > 0 && (
              <p className="warn">
                {t(instance.withheld ? "instanceForm.withheldHint" : "instanceForm.silentHint", {
                  age: formatElapsed(now - instance.silentSinceMs, language),
                })}
              </p>
            )}
            {process === undefined && <p className="muted">{t("instance.noReport")}</p>}
            {process !== undefined && process.reason !== "" && <pre className="reason">{process.reason}</pre>}
          </td>
        </tr>
      )}
    </>
  );
}

/** Says that nobody has heard of an instance, and whether callers' tables still have it. */
function SilenceMark({ instance }: { instance: Instance }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const now = useNow();
  if (instance.silentSinceMs === 0 || !instance.inRouting) return null;
  const word = instance.withheld ? "withheld" : "silent";
  const age = formatElapsed(now - instance.silentSinceMs, language);
  return (
    <Tooltip title={t(`instanceForm.${word}Hint`, { age })}>
      <span className="tag warn">{t(`instanceForm.${word}`)}</span>
    </Tooltip>
  );
}

/** What an instance was started from; one that differs from most of the others is marked. */
function ReleaseCell({ release, usual }: { release: string; usual: string | undefined }) {
  const { t } = useTranslation();
  if (release === "") return <span className="zero">–</span>;
  const differs = usual !== undefined && usual !== release;
  return (
    <span
      className={differs ? "mono clip release differs" : "mono clip release"}
      title={differs ? t("release.differs", { release, usual }) : release}
    >
      {release}
    </span>
  );
}

function Fact({ name, value }: { name: string; value: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

// Agents report every few seconds; a state older than this is what was, not what is.
const STALE_MS = 20_000;

function StateCell({ instance }: { instance: Instance }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const now = useNow();
  const { process } = instance;
  if (process === undefined) return <Status mark={Mark.Unknown}>{t("state.unknown")}</Status>;
  const view = processStateView[process.state] ?? processStateView[0];
  const age = now - instance.reportedMs;
  const stale = instance.reportedMs > 0 && age > STALE_MS;
  const hint = stale ? t("instance.staleHint", { age: formatElapsed(age, language) }) : process.reason.split("\n")[0];
  const status = (
    <Status mark={stale ? Mark.Unknown : view.mark}>
      {stale ? t("state.stale", { state: t(view.key) }) : t(view.key)}
    </Status>
  );
  return hint ? <Tooltip title={hint}>{status}</Tooltip> : status;
}

interface TrafficCellProps {
  readonly curve: Curve | undefined;
  readonly known: boolean;
  readonly address: string;
  readonly switched: boolean;
}

function TrafficCell({ curve, known, address, switched }: TrafficCellProps) {
  const { t } = useTranslation();
  if (!known) return <span className="zero">–</span>;
  const seconds = switched ? 1 : CALM_SECONDS;
  const calls = curve?.calls.slice(-LAST_SECONDS) ?? new Array<number>(LAST_SECONDS).fill(0);
  const rate = calls.slice(-seconds).reduce((sum, value) => sum + value, 0) / seconds;
  return (
    <span className="traffic">
      <RateBars
        values={calls}
        failures={curve?.failures.slice(-LAST_SECONDS) ?? []}
        label={t("instance.traffic", { address, rate: formatRate(rate) })}
      />
      <b className={rate === 0 ? "zero" : ""}>{formatRate(rate)}</b>
    </span>
  );
}
