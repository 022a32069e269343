import { fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { type AlarmChannel, AlarmChannelKind, AlarmChannelSchema } from "@msec/api/console/v1/alarms_pb.js";
import { App, Button, Checkbox, Input, InputNumber, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { failureFrom } from "../../lib/failure.ts";
import { useDraft } from "../../lib/use-draft.ts";
import { FormField } from "../../ui/form-field.tsx";
import { Panel } from "../../ui/panel.tsx";
import { useAlarmChange } from "./queries.ts";
import { RestoredNote } from "./restored-note.tsx";
import { TestButton } from "./test-button.tsx";

const { EMAIL, WEBHOOK, DINGTALK, FEISHU, SMS } = AlarmChannelKind;
const kinds = [1, 2, 3, 4, 5, 6, 7] as const;
// Their robots can ask for a word that every message has.
const keyworded: readonly AlarmChannelKind[] = [DINGTALK, FEISHU];
const signing: readonly AlarmChannelKind[] = [WEBHOOK, DINGTALK, FEISHU, SMS];

/** One channel that is made or changed. */
export interface ChannelFormProps {
  readonly channel: AlarmChannel;
  readonly onDone: () => void;
}

interface Editing {
  readonly channel: AlarmChannel;
  readonly set: (change: Partial<AlarmChannel>) => void;
}

/** The form of a channel. Secrets go in and are never shown. */
export function ChannelForm({ channel: before, onDone }: ChannelFormProps) {
  const { t } = useTranslation();
  const api = useApi();
  const { message, modal } = App.useApp();
  // Addresses of robots and passwords are secrets: they are not kept, and have to be entered again.
  const {
    value: channel,
    set: setChannel,
    forget,
    restored,
  } = useDraft(`channel.${before.id || "new"}`, before, {
    base: before.id === "" ? "" : String(before.updatedMs),
    keep: (channel) => toJson(AlarmChannelSchema, { ...channel, url: "", secret: "" }),
    read: (kept) => fromJson(AlarmChannelSchema, kept as JsonValue, { ignoreUnknownFields: true }),
  });
  const finish = () => {
    forget();
    onDone();
  };
  const save = useAlarmChange(() => api.alarm.saveAlarmChannel({ channel }));
  const remove = useAlarmChange(() => api.alarm.deleteAlarmChannel({ id: channel.id }));
  const set = (change: Partial<AlarmChannel>) => setChannel((old) => ({ ...old, ...change }));
  const [isTried, setTried] = useState(false);
  const needed = isTried && channel.name.trim() === "" ? t("alarm.needed") : undefined;
  const submit = async () => {
    setTried(true);
    if (channel.name.trim() === "") return document.getElementById("channel-name")?.focus();
    try {
      await save.mutateAsync(undefined);
      void message.success(t("alarm.channel.saved"));
      finish();
    } catch (error) {
      void message.error(failureFrom(error).detail);
    }
  };
  const askToRemove = () =>
    modal.confirm({
      title: t("alarm.channel.removeTitle", { name: before.name }),
      content: t("alarm.channel.removeBody"),
      okText: t("alarm.channel.remove"),
      cancelText: t("action.cancel"),
      okButtonProps: { danger: true },
      onOk: async () => {
        try {
          await remove.mutateAsync(undefined);
          void message.success(t("alarm.channel.removed"));
          finish();
        } catch (error) {
          void message.error(failureFrom(error).detail);
        }
      },
    });
  const editing = { channel, set };
  return (
    <Panel title={t(before.id === "" ? "alarm.channel.new" : "alarm.channel.edit")}>
      <div className="panel-body">
        {restored && <RestoredNote onDiscard={forget} />}
        <div className="form-grid">
          <FormField name={t("alarm.channel.kindLabel")} for="channel-kind">
            <Select
              id="channel-kind"
              style={{ width: 200 }}
              value={channel.kind as 1}
              options={kinds.map((value) => ({ value: value as 1, label: t(`alarm.channel.kind.n${value}`) }))}
              onChange={(kind) => set({ kind })}
            />
          </FormField>
          <FormField name={t("alarm.channel.name")} for="channel-name" wrong={needed}>
            <Input
              id="channel-name"
              className="wide"
              status={needed === undefined ? "" : "error"}
              maxLength={100}
              value={channel.name}
              onChange={(event) => set({ name: event.target.value })}
            />
            <Checkbox checked={channel.enabled} onChange={(event) => set({ enabled: event.target.checked })}>
              {t("alarm.channel.enabled")}
            </Checkbox>
          </FormField>
          {channel.kind === EMAIL ? <MailFields {...editing} /> : <UrlFields {...editing} before={before} />}
          {(channel.kind === EMAIL || signing.includes(channel.kind)) && <SecretField {...editing} before={before} />}
          <FormField name={t("alarm.channel.minSeverity")} for="channel-severity">
            <Select
              id="channel-severity"
              style={{ width: 130 }}
              value={Math.max(1, channel.minSeverity) as 1 | 2 | 3}
              options={([1, 2, 3] as const).map((value) => ({ value, label: t(`alarm.severity.n${value}`) }))}
              onChange={(minSeverity) => set({ minSeverity })}
            />
            <Checkbox checked={channel.sendResolved} onChange={(event) => set({ sendResolved: event.target.checked })}>
              {t("alarm.channel.resolved")}
            </Checkbox>
          </FormField>
          <FormField name={t("alarm.channel.max")} for="channel-max" hint={t("alarm.channel.maxHint")}>
            <InputNumber
              id="channel-max"
              style={{ width: 80 }}
              min={1}
              max={100}
              precision={0}
              value={channel.maxPerTenMinutes}
              onChange={(value) => set({ maxPerTenMinutes: value ?? 10 })}
            />
          </FormField>
          <FormField name={t("alarm.channel.language")} for="channel-language">
            <Select
              id="channel-language"
              style={{ width: 130 }}
              value={channel.language}
              options={(["en", "zh"] as const).map((value) => ({ value, label: t(`language.${value}`) }))}
              onChange={(language) => set({ language })}
            />
          </FormField>
        </div>
        <div className="form-foot">
          <Button type="primary" loading={save.isPending} onClick={() => void submit()}>
            {t("alarm.channel.save")}
          </Button>
          <Button onClick={finish}>{t("action.cancel")}</Button>
          <span className="spacer" />
          {before.id !== "" && (
            <>
              <TestButton id={before.id} />
              <Button danger onClick={() => void askToRemove()}>
                {t("alarm.channel.remove")}
              </Button>
            </>
          )}
        </div>
      </div>
    </Panel>
  );
}

function Recipients({ channel, set, name }: Editing & { name: string }) {
  const { t } = useTranslation();
  return (
    <FormField name={name} for="channel-recipients" hint={t("alarm.channel.recipientsHint")}>
      <Select
        id="channel-recipients"
        className="wide"
        mode="tags"
        open={false}
        suffixIcon={null}
        tokenSeparators={[",", ";", " "]}
        value={channel.recipients}
        onChange={(recipients) => set({ recipients })}
      />
    </FormField>
  );
}

function MailFields({ channel, set }: Editing) {
  const { t } = useTranslation();
  return (
    <>
      <Recipients channel={channel} set={set} name={t("alarm.channel.recipients")} />
      <FormField name={t("alarm.channel.smtpHost")} for="channel-host">
        <Input
          id="channel-host"
          style={{ width: 260 }}
          value={channel.smtpHost}
          placeholder="smtp.example.com"
          onChange={(event) => set({ smtpHost: event.target.value.trim() })}
        />
        <Select
          aria-label={t("alarm.channel.smtpSecurity")}
          style={{ width: 170 }}
          value={channel.smtpSecurity}
          options={(["tls", "starttls", "none"] as const).map((value) => ({
            value,
            label: t(`alarm.channel.security.${value}`),
          }))}
          onChange={(smtpSecurity) =>
            set({ smtpSecurity, smtpPort: smtpSecurity === "tls" ? 465 : smtpSecurity === "starttls" ? 587 : 25 })
          }
        />
        <InputNumber
          aria-label={t("alarm.channel.smtpPort")}
          style={{ width: 90 }}
          min={1}
          max={65_535}
          precision={0}
          value={channel.smtpPort}
          onChange={(value) => set({ smtpPort: value ?? 0 })}
        />
      </FormField>
      <FormField name={t("alarm.channel.smtpFrom")} for="channel-from">
        <Input
          id="channel-from"
          style={{ width: 260 }}
          value={channel.smtpFrom}
          placeholder="msec@example.com"
          onChange={(event) => set({ smtpFrom: event.target.value.trim() })}
        />
      </FormField>
      <FormField name={t("alarm.channel.smtpUser")} for="channel-user">
        <Input
          id="channel-user"
          style={{ width: 260 }}
          autoComplete="off"
          value={channel.smtpUser}
          onChange={(event) => set({ smtpUser: event.target.value.trim() })}
        />
      </FormField>
    </>
  );
}

function UrlFields({ channel, set, before }: Editing & { before: AlarmChannel }) {
  const { t } = useTranslation();
  const isKept = before.urlHint !== "" && before.kind === channel.kind;
  return (
    <>
      <FormField name={t("alarm.channel.url")} for="channel-url">
        <Input
          id="channel-url"
          className="wide"
          autoComplete="off"
          value={channel.url}
          placeholder={isKept ? t("alarm.channel.keptUrl", { hint: before.urlHint }) : "https://…"}
          onChange={(event) => set({ url: event.target.value.trim() })}
        />
      </FormField>
      {channel.kind === SMS && (
        <>
          <Recipients channel={channel} set={set} name={t("alarm.channel.phones")} />
          <FormField name={t("alarm.channel.template")} for="channel-template" tall>
            <Input.TextArea
              id="channel-template"
              className="wide mono"
              autoSize={{ minRows: 2, maxRows: 10 }}
              maxLength={4000}
              value={channel.smsTemplate}
              onChange={(event) => set({ smsTemplate: event.target.value })}
            />
            <span className="hint mono">
              {"{{phone}} {{title}} {{text}} {{severity}} {{service}} {{target}} {{event}}"}
            </span>
          </FormField>
        </>
      )}
    </>
  );
}

function SecretField({ channel, set, before }: Editing & { before: AlarmChannel }) {
  const { t } = useTranslation();
  const isKept = before.hasSecret && before.kind === channel.kind;
  const name =
    channel.kind === EMAIL
      ? "alarm.channel.password"
      : channel.kind === SMS
        ? "alarm.channel.token"
        : "alarm.channel.secret";
  return (
    <FormField
      name={t(name)}
      for="channel-secret"
      hint={`${t("alarm.channel.secretHint")}${keyworded.includes(channel.kind) ? ` ${t("alarm.channel.keywordHint")}` : ""}`}
    >
      <Input.Password
        id="channel-secret"
        style={{ width: 260 }}
        autoComplete="new-password"
        visibilityToggle={false}
        value={channel.secret}
        {...(isKept ? { placeholder: t("alarm.channel.kept") } : {})}
        onChange={(event) => set({ secret: event.target.value })}
      />
    </FormField>
  );
}
