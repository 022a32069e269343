import { useQuery } from "@tanstack/react-query";
import { App, Input, InputNumber, Modal, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { failureFrom } from "../../lib/failure.ts";
import { formatDateTime } from "../../lib/format.ts";
import { useNow } from "../../lib/use-now.ts";
import { FormField } from "../../ui/form-field.tsx";
import { rulesQuery, useAlarmChange } from "./queries.ts";

/** What a silence matches; empty parts match everything. */
export interface SilenceMatcher {
  readonly ruleId: string;
  readonly service: string;
  readonly instance: string;
  readonly host: string;
}

/** What is silenced, and what is done when that is over. */
export interface SilenceFormProps {
  readonly matcher?: SilenceMatcher;
  /** Ids of alarms, 200 at most: each by its rule and target, instead of what `matcher` matches. */
  readonly alarms?: readonly string[];
  readonly onClose: (created: boolean) => void;
}

const nothing: SilenceMatcher = { ruleId: "", service: "", instance: "", host: "" };

/** Asks for a silence: what, for how long, why. */
export function SilenceForm({ matcher = nothing, alarms = [], onClose }: SilenceFormProps) {
  const { t } = useTranslation();
  const api = useApi();
  const { message } = App.useApp();
  const [wanted, setWanted] = useState({ ...matcher, comment: "" });
  const [minutes, setMinutes] = useState(60);
  const rules = useQuery(rulesQuery(api));
  const now = useNow();
  const isOfAlarms = alarms.length > 0;
  const create = useAlarmChange(async () => {
    if (isOfAlarms) await api.alarm.silenceAlarms({ ids: [...alarms], minutes, comment: wanted.comment });
    else await api.alarm.createAlarmSilence({ silence: wanted, minutes });
  });
  const matches =
    isOfAlarms || wanted.ruleId !== "" || wanted.service !== "" || wanted.instance !== "" || wanted.host !== "";
  const submit = async () => {
    if (!matches) return;
    try {
      await create.mutateAsync(undefined);
      void message.success(t("alarm.quiet.created"));
      onClose(true);
    } catch (error) {
      void message.error(failureFrom(error).detail);
    }
  };
  const text = (key: "service" | "instance" | "host" | "comment") => (
    <FormField name={t(`alarm.quiet.${key}`)} for={`silence-${key}`}>
      <Input
        id={`silence-${key}`}
        value={wanted[key]}
        maxLength={key === "comment" ? 2000 : 256}
        placeholder={t(`alarm.quiet.hint.${key}`)}
        onChange={(event) => setWanted({ ...wanted, [key]: event.target.value.trimStart() })}
        onPressEnter={() => void submit()}
      />
    </FormField>
  );
  return (
    <Modal
      open
      title={t("alarm.quiet.new")}
      okText={t("alarm.quiet.create")}
      cancelText={t("action.cancel")}
      okButtonProps={{ disabled: !matches, loading: create.isPending }}
      onOk={() => void submit()}
      onCancel={() => onClose(false)}
    >
      <p className="muted" style={{ marginBottom: 12 }}>
        {isOfAlarms
          ? t("alarm.quiet.ofAlarms", { count: alarms.length })
          : t(matches ? "alarm.quiet.lead" : "alarm.quiet.needsMatcher")}
      </p>
      <div className="form-grid" style={{ gridTemplateColumns: "110px minmax(0, 1fr)" }}>
        {!isOfAlarms && (
          <>
            <FormField name={t("alarm.quiet.rule")} for="silence-rule">
              <Select
                id="silence-rule"
                style={{ width: "100%" }}
                value={wanted.ruleId}
                options={[
                  { value: "", label: t("alarm.quiet.anyRule") },
                  ...(rules.data?.rules ?? []).map(({ id, name }) => ({ value: id, label: name })),
                ]}
                onChange={(ruleId) => setWanted({ ...wanted, ruleId })}
              />
            </FormField>
            {text("service")}
            {text("instance")}
            {text("host")}
          </>
        )}
        <FormField
          name={t("alarm.quiet.minutes")}
          for="silence-minutes"
          hint={t("alarm.quiet.until", { time: formatDateTime(now + minutes * 60_000).slice(0, -3) })}
        >
          <InputNumber
            id="silence-minutes"
            min={1}
            max={43_200}
            precision={0}
            value={minutes}
            onChange={(value) => setMinutes(value ?? 60)}
            onPressEnter={() => void submit()}
          />
        </FormField>
        {text("comment")}
      </div>
    </Modal>
  );
}
