import { fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import {
  AlarmAggregate,
  AlarmBaseline,
  type AlarmChannel,
  AlarmCondition,
  type AlarmRule,
  AlarmRuleSchema,
  AlarmSubject,
} from "@msec/api/console/v1/alarms_pb.js";
import { useQuery } from "@tanstack/react-query";
import { App, AutoComplete, Button, Checkbox, Input, InputNumber, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { failureFrom } from "../../lib/failure.ts";
import { useDraft } from "../../lib/use-draft.ts";
import { FormField } from "../../ui/form-field.tsx";
import { Panel } from "../../ui/panel.tsx";
import { ExpressionInput } from "../log/expression-input.tsx";
import { logLevels } from "../log/logs-search.ts";
import { servicesQuery } from "../service/queries.ts";
import { unitOf } from "./alarm-words.ts";
import { channelsQuery, useAlarmChange } from "./queries.ts";
import { RestoredNote } from "./restored-note.tsx";
import {
  conditionsOf,
  isChange,
  isOfCalls,
  missingFields,
  ruleToSave,
  scopesOf,
  takesService,
  withSubject,
} from "./rule-draft.ts";
import { RulePreview } from "./rule-preview.tsx";

const subjects = [2, 3, 1, 4, 5, 6] as const;

/** One rule that is made or changed. */
export interface RuleFormProps {
  readonly rule: AlarmRule;
  readonly onDone: () => void;
}

interface Editing {
  readonly rule: AlarmRule;
  readonly set: (change: Partial<AlarmRule>) => void;
  /** What is wrong with a field, by its id, once saving was tried. */
  readonly wrong: (id: string) => string | undefined;
}

/** The form of a rule, with a preview of what it would have done in the last day. */
export function RuleForm({ rule: before, onDone }: RuleFormProps) {
  const { t } = useTranslation();
  const api = useApi();
  const { message, modal } = App.useApp();
  const {
    value: rule,
    set: setRule,
    forget,
    restored,
  } = useDraft(`rule.${before.id || "new"}`, before, {
    base: before.id === "" ? "" : String(before.updatedMs),
    keep: (rule) => toJson(AlarmRuleSchema, rule),
    read: (kept) => fromJson(AlarmRuleSchema, kept as JsonValue, { ignoreUnknownFields: true }),
  });
  const finish = () => {
    forget();
    onDone();
  };
  const channels = useQuery(channelsQuery(api));
  const save = useAlarmChange(() => api.alarm.saveAlarmRule({ rule: ruleToSave(rule) }));
  const remove = useAlarmChange(() => api.alarm.deleteAlarmRule({ id: rule.id }));
  const set = (change: Partial<AlarmRule>) => setRule((old) => ({ ...old, ...change }));
  const [isTried, setTried] = useState(false);
  const missing = missingFields(rule);
  const submit = async () => {
    setTried(true);
    const [first] = missing;
    if (first !== undefined) return document.getElementById(first)?.focus();
    try {
      await save.mutateAsync(undefined);
      void message.success(t("alarm.rule.saved"));
      finish();
    } catch (error) {
      void message.error(failureFrom(error).detail);
    }
  };
  const askToRemove = () =>
    modal.confirm({
      title: t("alarm.rule.removeTitle", { name: before.name }),
      content: t("alarm.rule.removeBody"),
      okText: t("alarm.rule.remove"),
      cancelText: t("action.cancel"),
      okButtonProps: { danger: true },
      onOk: async () => {
        try {
          await remove.mutateAsync(undefined);
          void message.success(t("alarm.rule.removed"));
          finish();
        } catch (error) {
          void message.error(failureFrom(error).detail);
        }
      },
    });
  const wrong = (id: string) => (isTried && missing.includes(id) ? t("alarm.needed") : undefined);
  const editing = { rule, set, wrong };
  return (
    <>
      <Panel title={t(before.id === "" ? "alarm.rule.new" : "alarm.rule.edit")}>
        <div className="panel-body">
          {restored && <RestoredNote onDiscard={forget} />}
          <div className="form-grid">
            <FormField name={t("alarm.rule.name")} for="rule-name" wrong={wrong("rule-name")}>
              <Input
                id="rule-name"
                className="wide"
                status={wrong("rule-name") === undefined ? "" : "error"}
                value={rule.name}
                maxLength={100}
                onChange={(event) => set({ name: event.target.value })}
              />
              <Checkbox checked={rule.enabled} onChange={(event) => set({ enabled: event.target.checked })}>
                {t("alarm.rule.enabled")}
              </Checkbox>
            </FormField>
            <FormField name={t("alarm.rule.severity")} for="rule-severity">
              <Select
                id="rule-severity"
                style={{ width: 130 }}
                value={rule.severity as 1 | 2 | 3}
                options={([1, 2, 3] as const).map((value) => ({ value, label: t(`alarm.severity.n${value}`) }))}
                onChange={(severity) => set({ severity })}
              />
            </FormField>
            <SubjectFields {...editing} onSubject={(subject) => setRule((old) => withSubject(old, subject))} />
            <ConditionFields {...editing} />
            <TimeFields {...editing} />
            <TellFields {...editing} channels={channels.data?.channels ?? []} />
            <FormField name={t("alarm.rule.note")} for="rule-note" tall>
              <Input.TextArea
                id="rule-note"
                className="wide"
                autoSize={{ minRows: 2, maxRows: 8 }}
                maxLength={2000}
                value={rule.note}
                onChange={(event) => set({ note: event.target.value })}
              />
            </FormField>
          </div>
          <div className="form-foot">
            <Button type="primary" loading={save.isPending} onClick={() => void submit()}>
              {t("alarm.rule.save")}
            </Button>
            <Button onClick={finish}>{t("action.cancel")}</Button>
            <span className="spacer" />
            {before.id !== "" && (
              <Button danger onClick={() => void askToRemove()}>
                {t("alarm.rule.remove")}
              </Button>
            )}
          </div>
        </div>
      </Panel>
      <RulePreview rule={ruleToSave(rule)} />
    </>
  );
}

function SubjectFields({ rule, set, wrong, onSubject }: Editing & { onSubject: (subject: AlarmSubject) => void }) {
  const { t } = useTranslation();
  const services = useQuery(servicesQuery(useApi()));
  const names = ["*", ...(services.data?.services.map(({ name }) => name) ?? [])];
  return (
    <>
      <FormField name={t("alarm.rule.subject")} for="rule-subject">
        <Select
          id="rule-subject"
          style={{ width: 180 }}
          value={rule.subject as 1}
          options={subjects.map((value) => ({ value: value as 1, label: t(`alarm.subject.n${value}`) }))}
          onChange={onSubject}
        />
        <Select
          aria-label={t("alarm.rule.scope")}
          style={{ width: 160 }}
          value={rule.scope as 1}
          options={scopesOf(rule.subject).map((value) => ({
            value: value as 1,
            label: t(`alarm.scope.n${value as 1}`),
          }))}
          onChange={(scope) => set({ scope })}
        />
      </FormField>
      {takesService(rule) && (
        <FormField
          name={t("alarm.rule.service")}
          for="rule-service"
          hint={t("alarm.rule.serviceHint")}
          wrong={wrong("rule-service") && `${wrong("rule-service")}: ${t("alarm.rule.serviceHint")}`}
        >
          <AutoComplete
            id="rule-service"
            status={wrong("rule-service") === undefined ? "" : "error"}
            style={{ width: 260 }}
            value={rule.service}
            options={names.map((value) => ({ value }))}
            showSearch={{
              filterOption: (text, option) => String(option?.value).toLowerCase().includes(text.toLowerCase()),
            }}
            onChange={(service: string) => set({ service })}
          />
        </FormField>
      )}
      {isOfCalls(rule.subject) && (
        <>
          <FormField name={t("alarm.rule.method")} for="rule-method" hint={t("alarm.rule.methodHint")}>
            <Input
              id="rule-method"
              style={{ width: 260 }}
              value={rule.method}
              maxLength={256}
              onChange={(event) => set({ method: event.target.value.trim() })}
            />
          </FormField>
          <FormField name="" hint={t("alarm.rule.callersHint")}>
            <Checkbox
              checked={rule.countedByCallers}
              onChange={(event) => set({ countedByCallers: event.target.checked })}
            >
              {t("alarm.rule.callers")}
            </Checkbox>
          </FormField>
        </>
      )}
      {rule.subject === AlarmSubject.METRIC && (
        <FormField name={t("alarm.rule.metric")} for="rule-metric" wrong={wrong("rule-metric")}>
          <Input
            id="rule-metric"
            status={wrong("rule-metric") === undefined ? "" : "error"}
            style={{ width: 260 }}
            value={rule.metric}
            placeholder="usr.orders"
            maxLength={128}
            onChange={(event) => set({ metric: event.target.value.trim() })}
          />
          <Select
            aria-label={t("alarm.rule.aggregate")}
            style={{ width: 250 }}
            value={rule.aggregate}
            options={Object.values(AlarmAggregate)
              .filter((value): value is AlarmAggregate => typeof value === "number")
              .map((value) => ({ value, label: t(`alarm.aggregate.n${value}`) }))}
            onChange={(aggregate) => set({ aggregate })}
          />
        </FormField>
      )}
      {rule.subject === AlarmSubject.LOG && (
        <>
          <FormField name={t("alarm.rule.logLevel")} for="rule-level">
            <Select
              id="rule-level"
              style={{ width: 100 }}
              value={rule.logLevel}
              options={["", ...logLevels].map((value) => ({ value, label: value || t("alarm.rule.anyLevel") }))}
              onChange={(logLevel) => set({ logLevel })}
            />
            <label htmlFor="rule-text">{t("alarm.rule.logText")}</label>
            <Input
              id="rule-text"
              style={{ width: 260 }}
              value={rule.logText}
              maxLength={200}
              onChange={(event) => set({ logText: event.target.value })}
            />
          </FormField>
          <FormField name={t("alarm.rule.logWhere")} for="rule-where" hint={t("alarm.rule.logWhereHint")}>
            <ExpressionInput
              id="rule-where"
              label={t("alarm.rule.logWhere")}
              value={rule.logWhere}
              maxLength={1_000}
              onChange={(logWhere) => set({ logWhere })}
              onExample={(logWhere) => set({ logWhere })}
            />
          </FormField>
        </>
      )}
    </>
  );
}

function ConditionFields({ rule, set }: Editing) {
  const { t } = useTranslation();
  const unit = rule.condition === AlarmCondition.CHANGE_PERCENT ? " %" : unitOf(rule);
  return (
    <>
      <FormField name={t("alarm.rule.condition")} for="rule-condition">
        <Select
          id="rule-condition"
          style={{ width: 270 }}
          value={rule.condition as 1}
          options={conditionsOf(rule.subject).map((value) => ({
            value: value as 1,
            label: t(`alarm.conditionName.n${value as 1}`),
          }))}
          onChange={(condition) => set({ condition })}
        />
        {rule.condition !== AlarmCondition.SILENT && (
          <>
            <InputNumber
              aria-label={t("alarm.rule.threshold")}
              style={{ width: 130 }}
              value={rule.threshold}
              onChange={(threshold) => set({ threshold: threshold ?? 0 })}
            />
            <span>{unit}</span>
          </>
        )}
      </FormField>
      {isChange(rule.condition) && (
        <FormField name={t("alarm.rule.baseline")} for="rule-baseline">
          <Select
            id="rule-baseline"
            style={{ width: 270 }}
            value={rule.baseline as 1}
            options={([1, 2] as const).map((value) => ({
              value: value as 1,
              label: t(`alarm.baselineName.n${value}`),
            }))}
            onChange={(baseline) => set({ baseline })}
          />
          {rule.baseline === AlarmBaseline.PREVIOUS && (
            <InputNumber
              aria-label={t("alarm.rule.baselineMinutes")}
              style={{ width: 80 }}
              min={1}
              max={60}
              precision={0}
              value={rule.baselineMinutes}
              onChange={(value) => set({ baselineMinutes: value ?? 1 })}
            />
          )}
          <Select
            aria-label={t("alarm.rule.direction")}
            style={{ width: 130 }}
            value={rule.direction as 1}
            options={([1, 2, 3] as const).map((value) => ({
              value: value as 1,
              label: t(`alarm.direction.n${value}`),
            }))}
            onChange={(direction) => set({ direction })}
          />
        </FormField>
      )}
      {(rule.subject === AlarmSubject.ERROR_RATIO || rule.subject === AlarmSubject.P99) &&
        rule.condition !== AlarmCondition.SILENT && (
          <FormField name={t("alarm.rule.minCalls")} for="rule-calls">
            <InputNumber
              id="rule-calls"
              style={{ width: 100 }}
              min={0}
              max={1_000_000}
              precision={0}
              value={rule.minCalls}
              onChange={(minCalls) => set({ minCalls: minCalls ?? 0 })}
            />
          </FormField>
        )}
    </>
  );
}

function TimeFields({ rule, set }: Editing) {
  const { t } = useTranslation();
  const number = (name: string, value: number, max: number, change: (value: number) => void, id?: string) => (
    <InputNumber
      {...(id === undefined ? { "aria-label": name } : { id })}
      style={{ width: 72 }}
      min={1}
      max={max}
      precision={0}
      value={value}
      onChange={(next) => change(next ?? 1)}
    />
  );
  return (
    <>
      <FormField name={t("alarm.rule.when")} for="rule-for">
        {number(
          "",
          rule.forMinutes,
          60,
          (forMinutes) => set({ forMinutes, ofMinutes: Math.max(forMinutes, rule.ofMinutes) }),
          "rule-for",
        )}
        <span>{t("alarm.rule.ofMinutes")}</span>
        {number(t("alarm.rule.ofMinutes"), rule.ofMinutes, 60, (ofMinutes) =>
          set({ ofMinutes, forMinutes: Math.min(ofMinutes, rule.forMinutes) }),
        )}
        <span>{t("alarm.rule.minutes")}</span>
      </FormField>
      <FormField name={t("alarm.rule.resolve")} for="rule-resolve">
        {number("", rule.resolveMinutes, 1440, (resolveMinutes) => set({ resolveMinutes }), "rule-resolve")}
      </FormField>
    </>
  );
}

function TellFields({ rule, set, channels }: Editing & { channels: readonly AlarmChannel[] }) {
  const { t } = useTranslation();
  const options = channels.map(({ id, name }) => ({ value: id, label: name }));
  return (
    <>
      <FormField name={t("alarm.rule.channels")} for="rule-channels">
        <Select
          id="rule-channels"
          className="wide"
          mode="multiple"
          placeholder={t("alarm.rule.noChannels")}
          value={rule.channelIds}
          options={options}
          onChange={(channelIds) => set({ channelIds })}
        />
      </FormField>
      <FormField name={t("alarm.rule.escalate")} for="rule-escalate">
        <InputNumber
          id="rule-escalate"
          style={{ width: 80 }}
          min={0}
          max={1440}
          precision={0}
          value={rule.escalateMinutes}
          onChange={(value) => set({ escalateMinutes: value ?? 0 })}
        />
        <span>{t("alarm.rule.minutes")}</span>
        {rule.escalateMinutes === 0 ? (
          <span className="hint">{t("alarm.rule.escalateHint")}</span>
        ) : (
          <Select
            aria-label={t("alarm.rule.channels")}
            className="wide"
            mode="multiple"
            value={rule.escalateChannelIds}
            options={options}
            onChange={(escalateChannelIds) => set({ escalateChannelIds })}
          />
        )}
      </FormField>
    </>
  );
}
