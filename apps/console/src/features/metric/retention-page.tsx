import type { GetRetentionResponse, KindUsage } from "@msec/api/console/v1/metrics_pb.js";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatBytes, formatCount, formatDateTime } from "../../lib/format.ts";
import { serverNow } from "../../lib/server-clock.ts";
import { Meter } from "../../ui/meter.tsx";
import { Loading } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { retentionQuery } from "./queries.ts";
import { deletedKinds, type RetentionEdit, readRetention, retentionEdits } from "./retention-edit.ts";
import "./monitor.css";

const kindKeys = {
  spans: "retention.spans",
  logs: "retention.logs",
  calls: "retention.calls",
  samples: "retention.samples",
} as const;

/** How long and how much of each kind is kept, and what it takes. */
export function RetentionPage() {
  const { t } = useTranslation();
  const retention = useQuery(retentionQuery(useApi()));
  return (
    <div className="page retention">
      <div className="page-head">
        <div>
          <h1>{t("retention.title")}</h1>
          <p className="lead">{t("retention.lead")}</p>
        </div>
        {(retention.data?.diskFreeBytes ?? 0) > 0 && (
          <span className="muted">{t("retention.free", { bytes: formatBytes(retention.data!.diskFreeBytes) })}</span>
        )}
      </div>
      {retention.isError && (
        <FailureNotice error={retention.error} onRetry={retention.refetch} besideData={retention.data !== undefined} />
      )}
      {retention.data === undefined ? (
        retention.isPending && <Loading label={t("retention.title")} lines={5} />
      ) : (
        <RetentionForm data={retention.data} />
      )}
    </div>
  );
}

function RetentionForm({ data }: { data: GetRetentionResponse }) {
  const { t } = useTranslation();
  const api = useApi();
  const queryClient = useQueryClient();
  const { modal } = App.useApp();
  const [edits, setEdits] = useState<Readonly<Record<string, RetentionEdit>>>({});
  const saved = retentionEdits(data.retention);
  const shown = { ...saved, ...edits };
  const read = readRetention(shown);
  const save = useMutation({
    mutationFn: () => api.metric.setRetention({ retention: read.values }),
    onSuccess: async () => {
      setEdits({});
      await queryClient.invalidateQueries({ queryKey: retentionQuery(api).queryKey });
    },
  });
  const change = (kind: string, part: Partial<RetentionEdit>) => {
    save.reset();
    setEdits({ ...edits, [kind]: { ...shown[kind]!, ...part } });
  };
  const nameOf = (kind: string) => (kind in kindKeys ? t(kindKeys[kind as keyof typeof kindKeys]) : kind);
  const askAndSave = () => {
    const deleted = deletedKinds(
      read.values.filter(({ kind }) => kind in edits),
      data.usage,
      serverNow(),
    );
    if (deleted.length === 0) return save.mutate();
    modal.confirm({
      title: t("retention.askTitle"),
      content: t("retention.askBody", { kinds: deleted.map(nameOf).join(", ") }),
      okText: t("retention.askOk"),
      cancelText: t("action.cancel"),
      okButtonProps: { danger: true },
      onOk: () => save.mutate(),
    });
  };
  return (
    <Panel title={t("retention.kinds")}>
      <div className="scroll-x">
        <table className="grid" aria-label={t("retention.kinds")}>
          <thead>
            <tr>
              <th>{t("retention.kind")}</th>
              <th className="num">{t("retention.days")}</th>
              <th className="num">{t("retention.size")}</th>
              <th>{t("retention.takes")}</th>
              <th className="num">{t("retention.rows")}</th>
              <th>{t("retention.oldest")}</th>
            </tr>
          </thead>
          <tbody>
            {data.retention.map(({ kind, maxBytes }) => (
              <tr key={kind} className="row">
                <td>{nameOf(kind)}</td>
                <td className="num">
                  <input
                    inputMode="numeric"
                    aria-label={`${nameOf(kind)} ${t("retention.days")}`}
                    aria-invalid={read.wrong.has(`${kind} days`)}
                    value={shown[kind]?.days ?? ""}
                    onChange={(event) => change(kind, { days: event.target.value })}
                  />
                </td>
                <td className="num">
                  <input
                    inputMode="decimal"
                    aria-label={`${nameOf(kind)} ${t("retention.size")}`}
                    aria-invalid={read.wrong.has(`${kind} gigabytes`)}
                    value={shown[kind]?.gigabytes ?? ""}
                    onChange={(event) => change(kind, { gigabytes: event.target.value })}
                  />
                </td>
                <Usage usage={data.usage.find((one) => one.kind === kind)} maxBytes={maxBytes} label={nameOf(kind)} />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="save">
        <Button
          type="primary"
          disabled={Object.keys(edits).length === 0 || read.wrong.size > 0}
          loading={save.isPending}
          onClick={askAndSave}
        >
          {t("retention.save")}
        </Button>
        <span className={read.wrong.size > 0 ? "fail" : "muted"}>
          {t(read.wrong.size > 0 ? "retention.wrong" : save.isSuccess ? "retention.saved" : "retention.hint")}
        </span>
      </div>
      {save.isError && <FailureNotice error={save.error} onRetry={() => save.mutate()} besideData />}
    </Panel>
  );
}

function Usage({ usage, maxBytes, label }: { usage: KindUsage | undefined; maxBytes: number; label: string }) {
  return (
    <>
      <td>
        {usage !== undefined && maxBytes > 0 && <Meter ratio={usage.bytes / maxBytes} label={label} />}{" "}
        {usage === undefined ? "–" : formatBytes(usage.bytes)}
      </td>
      <td className="num">{usage === undefined ? "–" : formatCount(usage.rows)}</td>
      <td className="mono">{usage === undefined || usage.oldestMs === 0 ? "–" : formatDateTime(usage.oldestMs)}</td>
    </>
  );
}
