import { create } from "@bufbuild/protobuf";
import { type AlarmChannel, AlarmChannelKind, AlarmChannelSchema } from "@msec/api/console/v1/alarms_pb.js";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatAge } from "../../lib/format.ts";
import { useLanguage } from "../../lib/use-language.ts";
import { useNow } from "../../lib/use-now.ts";
import { Loading, Notice } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Mark, Status } from "../../ui/status-mark.tsx";
import { AlarmHead } from "./alarm-head.tsx";
import { ChannelForm } from "./channel-form.tsx";
import { outcomeText } from "./outcome-words.ts";
import { channelsQuery } from "./queries.ts";
import { TestButton } from "./test-button.tsx";

/** Which channel is edited; `new` for one that is not there yet. */
export interface ChannelsPageProps {
  readonly edit: string | undefined;
  readonly onEdit: (edit: string | undefined) => void;
}

/** Where alarms go. */
export function ChannelsPage({ edit, onEdit }: ChannelsPageProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const channels = useQuery(channelsQuery(useApi()));
  const list = channels.data?.channels ?? [];
  const fresh = create(AlarmChannelSchema, {
    enabled: true,
    kind: AlarmChannelKind.WEBHOOK,
    language,
    maxPerTenMinutes: 10,
    sendResolved: true,
    smtpPort: 465,
    smtpSecurity: "tls",
    smsTemplate: '{"to":"{{phone}}","content":"{{title}}"}',
  });
  const edited = edit === "new" ? fresh : list.find(({ id }) => id === edit);
  return (
    <div className="page">
      <AlarmHead lead={t("alarm.channel.emptyTodo")} />
      {edited !== undefined ? (
        <ChannelForm key={edit} channel={edited} onDone={() => onEdit(undefined)} />
      ) : (
        <Panel
          title={t("alarm.channels")}
          count={list.length}
          tools={
            <Button size="small" type="primary" onClick={() => onEdit("new")}>
              {t("alarm.channel.new")}
            </Button>
          }
        >
          {channels.isPending && <Loading label={t("alarm.channels")} />}
          {channels.isError && (
            <FailureNotice error={channels.error} onRetry={channels.refetch} besideData={list.length > 0} />
          )}
          {channels.data !== undefined && list.length === 0 && (
            <Notice title={t("alarm.channel.emptyTitle")}>{t("alarm.channel.emptyTodo")}</Notice>
          )}
          {list.length > 0 && <ChannelTable channels={list} />}
        </Panel>
      )}
    </div>
  );
}

function ChannelTable({ channels }: { channels: readonly AlarmChannel[] }) {
  const { t } = useTranslation();
  return (
    <div className="scroll-x">
      <table className="grid alarms" aria-label={t("alarm.channels")}>
        <thead>
          <tr>
            <th>{t("alarm.channel.name")}</th>
            <th>{t("alarm.channel.kindLabel")}</th>
            <th>{t("alarm.column.where")}</th>
            <th>{t("alarm.column.lastSent")}</th>
            <th>
              <span className="visually-hidden">{t("alarm.channel.test")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {channels.map((channel) => (
            <tr key={channel.id} className="row">
              <td className="target clip" title={channel.name}>
                <Link className="link" to="/alarms/channels" search={{ edit: channel.id }}>
                  {channel.name}
                </Link>
              </td>
              <td>{channel.kind === AlarmChannelKind.UNSPECIFIED ? "–" : t(`alarm.channel.kind.n${channel.kind}`)}</td>
              <td className="clip mono where" title={whereTo(channel)}>
                {whereTo(channel)}
              </td>
              <td className="two condition">
                <LastMessage channel={channel} />
              </td>
              <td className="num">
                <TestButton id={channel.id} small />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function whereTo({ kind, recipients, urlHint }: AlarmChannel): string {
  return kind === AlarmChannelKind.EMAIL ? recipients.join(", ") : urlHint;
}

function LastMessage({ channel }: { channel: AlarmChannel }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const now = useNow();
  if (!channel.enabled) return <Status mark={Mark.Off}>{t("alarm.channel.off")}</Status>;
  if (channel.lastMs === 0) return <span className="muted">{t("alarm.channel.never")}</span>;
  return (
    <>
      <Status mark={channel.lastOk ? Mark.Ok : Mark.Fail}>{formatAge(now - channel.lastMs, language)}</Status>
      <span className="under said">{outcomeText(t, channel.lastOutcome)}</span>
    </>
  );
}
