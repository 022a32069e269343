import type { Alarm } from "@msec/api/console/v1/alarms_pb.js";
import { Link } from "@tanstack/react-router";
import { Checkbox } from "antd";
import { useTranslation } from "react-i18next";
import { formatAge, formatDateTime } from "../../lib/format.ts";
import { useLanguage } from "../../lib/use-language.ts";
import { useNow } from "../../lib/use-now.ts";
import { Status } from "../../ui/status-mark.tsx";
import { conditionText, severityMarks, targetText, valueText } from "./alarm-words.ts";
import { rowsByRule } from "./rule-rows.ts";
import "./alarms.css";

/** Which alarms, and which of them are chosen. */
export interface AlarmTableProps {
  readonly alarms: readonly Alarm[];
  readonly label: string;
  readonly chosen?: ReadonlySet<string>;
  /** Without it rows cannot be chosen. */
  readonly onChoose?: (chosen: ReadonlySet<string>) => void;
  /** Many alarms of one rule are one line, which leads to them. */
  readonly byRule?: boolean;
}

/** A table of alarms; the target leads to the alarm's page. */
export function AlarmTable({ alarms, label, chosen = new Set(), onChoose, byRule = false }: AlarmTableProps) {
  const { t } = useTranslation();
  const rows = byRule ? rowsByRule(alarms) : alarms.map((alarm) => ({ key: alarm.id, alarms: [alarm] as const }));
  const all = alarms.filter(({ acknowledgedMs }) => acknowledgedMs === 0).map(({ id }) => id);
  const count = all.filter((id) => chosen.has(id)).length;
  const ids = new Set(alarms.map(({ id }) => id));
  return (
    <div className="scroll-x">
      <table className="grid alarms alarm-list" aria-label={label}>
        <thead>
          <tr>
            {onChoose !== undefined && (
              <th className="check">
                <Checkbox
                  aria-label={t("alarm.chooseAll")}
                  title={t("alarm.chooseAll")}
                  disabled={all.length === 0}
                  checked={count > 0 && count === all.length}
                  indeterminate={count > 0 && count < all.length}
                  onChange={() => onChoose(new Set(count === all.length ? [] : all))}
                />
              </th>
            )}
            <th className="severity">{t("alarm.column.severity")}</th>
            <th>{t("alarm.column.target")}</th>
            <th>{t("alarm.column.condition")}</th>
            <th className="num value">
              {t("alarm.column.value")} / {t("alarm.column.worst")}
            </th>
            <th className="since">
              {t("alarm.column.first")} / {t("alarm.column.last")}
            </th>
            <th className="num minutes col-wide">{t("alarm.column.minutes")}</th>
            <th className="state">{t("alarm.column.state")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, alarms: ofRow }) => {
            const [first] = ofRow;
            const found = ofRow.filter(({ id }) => chosen.has(id)).length;
            const isWhole = found === ofRow.length;
            return (
              <tr key={key} className={`row${isWhole ? " chosen" : ""}${ids.has(first.causeId) ? " folded" : ""}`}>
                {onChoose !== undefined && (
                  <td>
                    <Checkbox
                      aria-label={
                        ofRow.length === 1 ? targetText(first) : t("alarm.targetsOf", { rule: first.rule?.name ?? "" })
                      }
                      checked={isWhole}
                      indeterminate={found > 0 && !isWhole}
                      onChange={() => onChoose(toggled(chosen, ofRow, !isWhole))}
                    />
                  </td>
                )}
                {ofRow.length === 1 ? <AlarmCells alarm={first} /> : <RuleCells alarms={ofRow} />}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function toggled(chosen: ReadonlySet<string>, alarms: readonly Alarm[], isChosen: boolean): ReadonlySet<string> {
  const next = new Set(chosen);
  for (const { id } of alarms) {
    if (isChosen) next.add(id);
    else next.delete(id);
  }
  return next;
}

function AlarmCells({ alarm }: { alarm: Alarm }) {
  const { t } = useTranslation();
  const { rule } = alarm;
  const value = (number: number | undefined) =>
    rule === undefined || number === undefined ? <span className="zero">–</span> : valueText(rule, number);
  return (
    <>
      <td>
        <Status mark={severityMarks[alarm.severity]}>
          {alarm.severity === 0 ? "–" : t(`alarm.severity.n${alarm.severity}`)}
        </Status>
      </td>
      <td className="two target">
        <Link className="link clipped" to="/alarms/$id" params={{ id: alarm.id }} title={alarm.service || alarm.host}>
          {alarm.service || alarm.host}
        </Link>
        {(alarm.instance !== "" || (alarm.service !== "" && alarm.host !== "")) && (
          <span className="under">
            <span className="mono clipped" title={alarm.instance || alarm.host}>
              {alarm.instance || alarm.host}
            </span>
          </span>
        )}
      </td>
      <ConditionCell rule={rule} />
      <td className="num two">
        {value(alarm.lastValue)}
        <span className="under">{value(alarm.peak)}</span>
      </td>
      <TimesCell firstMs={alarm.firstMs} lastMs={alarm.lastMs} />
      <td className="num col-wide">{alarm.count}</td>
      <td>
        <AlarmTags alarm={alarm} />
      </td>
    </>
  );
}

/** What was found, and by which rule. */
function ConditionCell({ rule }: { rule: Alarm["rule"] }) {
  const { t } = useTranslation();
  const condition = rule && conditionText(t, rule);
  return (
    <td className="two condition">
      <span className="clip" title={condition}>
        {condition}
      </span>
      <span className="under clip" title={rule?.name}>
        {rule?.name}
      </span>
    </td>
  );
}

/** How long ago it began, and was seen last. */
function TimesCell({ firstMs, lastMs }: { firstMs: number; lastMs: number }) {
  const language = useLanguage();
  const now = useNow();
  return (
    <td className="two">
      <span title={formatDateTime(firstMs)}>{formatAge(now - firstMs, language)}</span>
      <span className="under" title={formatDateTime(lastMs)}>
        {formatAge(now - lastMs, language)}
      </span>
    </td>
  );
}

/** What a rule found bad at many targets. */
function RuleCells({ alarms }: { alarms: readonly [Alarm, ...Alarm[]] }) {
  const { t } = useTranslation();
  const [{ ruleId, rule, severity }] = alarms;
  const firstMs = Math.min(...alarms.map((one) => one.firstMs));
  const lastMs = Math.max(...alarms.map((one) => one.lastMs));
  const services = [...new Set(alarms.map(({ service, host }) => service || host))].sort().join(", ");
  const fresh = alarms.filter(({ acknowledgedMs, causeId }) => acknowledgedMs === 0 && causeId === "").length;
  const silenced = alarms.filter((one) => one.silenced).length;
  return (
    <>
      <td>
        <Status mark={severityMarks[severity]}>{severity === 0 ? "–" : t(`alarm.severity.n${severity}`)}</Status>
      </td>
      <td className="two target">
        <Link className="link" to="/alarms" search={{ rule: ruleId }}>
          {t("alarm.targets", { count: alarms.length })}
        </Link>
        <span className="under">
          <span className="clipped" title={services}>
            {services}
          </span>
        </span>
      </td>
      <ConditionCell rule={rule} />
      <td className="num">
        <span className="zero">–</span>
      </td>
      <TimesCell firstMs={firstMs} lastMs={lastMs} />
      <td className="num col-wide">
        <span className="zero">–</span>
      </td>
      <td>
        <span className="alarm-tags">
          {fresh > 0 && <span className="tag fail">{t("alarm.newCount", { count: fresh })}</span>}
          {silenced > 0 && <span className="tag">{t("alarm.silencedCount", { count: silenced })}</span>}
        </span>
      </td>
    </>
  );
}

/** The marks of an alarm: who has it, what keeps it quiet, or how it ended. */
export function AlarmTags({ alarm }: { readonly alarm: Alarm }) {
  const { t } = useTranslation();
  return (
    <span className="alarm-tags">
      {!alarm.open && <span className="tag ok">{t(`alarm.resolution.n${alarm.resolution}`)}</span>}
      {alarm.open && alarm.acknowledgedMs === 0 && alarm.causeId === "" && (
        <span className="tag fail">{t("alarm.state.new")}</span>
      )}
      {alarm.acknowledgedMs > 0 && (
        <span className="tag" title={t("alarm.state.acknowledgedBy", { author: alarm.acknowledgedBy })}>
          {t("alarm.state.acknowledged")}
        </span>
      )}
      {alarm.causeId !== "" && <span className="tag">{t("alarm.state.folded")}</span>}
      {alarm.silenced && <span className="tag">{t("alarm.state.silenced")}</span>}
      {alarm.open && alarm.escalatedMs > 0 && <span className="tag warn">{t("alarm.state.escalated")}</span>}
      {alarm.folded > 0 && <span className="tag">{t("alarm.folded", { count: alarm.folded })}</span>}
    </span>
  );
}
