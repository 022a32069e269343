import { LogFieldType } from "@msec/api/console/v1/logs_pb.js";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Input, type InputRef, Popconfirm, Select } from "antd";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatCount } from "../../lib/format.ts";
import { Loading, Notice } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { logFieldsQuery } from "./queries.ts";
import "./logs.css";

const types = [
  [LogFieldType.TEXT, "text"],
  [LogFieldType.INTEGER, "integer"],
  [LogFieldType.NUMBER, "number"],
] as const;

/** Fields of log lines: which are columns of their own, which names lines have. */
export function FieldsPage() {
  const { t } = useTranslation();
  const api = useApi();
  const queryClient = useQueryClient();
  const fields = useQuery(logFieldsQuery(api));
  const { message } = App.useApp();
  const [name, setName] = useState("");
  const [type, setType] = useState<LogFieldType>(LogFieldType.TEXT);
  const onSettled = () => queryClient.invalidateQueries({ queryKey: ["logs", "fields"] });
  const add = useMutation({
    mutationFn: () => api.log.addLogField({ name: name.trim(), type }),
    onSuccess: () => {
      void message.success(t("logs.fieldAdded", { name: name.trim() }));
      setName("");
    },
    onSettled,
  });
  const remove = useMutation({
    mutationFn: (field: string) => api.log.removeLogField({ name: field }),
    onSuccess: (_, field) => void message.success(t("logs.fieldRemoved", { name: field })),
    onSettled,
  });
  const nameBox = useRef<InputRef>(null);
  // The form stands above a list that may be long.
  const begin = (field: string) => {
    setName(field);
    nameBox.current?.focus();
  };
  const defined = fields.data?.defined ?? [];
  const seen = (fields.data?.seen ?? []).filter((one) => !defined.some((field) => field.name === one.name));
  const typeName = (value: LogFieldType) => t(`logs.types.${types.find(([one]) => one === value)?.[1] ?? "text"}`);
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1>{t("logs.fieldsTitle")}</h1>
          <p className="lead">{t("logs.fieldsLead")}</p>
        </div>
        <span className="spacer" />
        <Link className="link" to="/logs">
          {t("logs.title")}
        </Link>
      </div>
      {fields.isError && <FailureNotice error={fields.error} onRetry={fields.refetch} />}
      {fields.isPending && <Loading label={t("logs.fieldsTitle")} lines={5} />}
      {fields.data !== undefined && (
        <>
          <Panel title={t("logs.defined")} count={`${defined.length} / ${fields.data.definedMax}`}>
            <form
              className="panel-body log-filters"
              onSubmit={(event) => {
                event.preventDefault();
                if (name.trim() !== "") add.mutate();
              }}
            >
              <Input
                ref={nameBox}
                style={{ width: 240 }}
                className="mono"
                value={name}
                maxLength={48}
                placeholder={t("logs.fieldName")}
                aria-label={t("logs.fieldName")}
                onChange={(event) => setName(event.target.value)}
              />
              <Select
                style={{ width: 150 }}
                value={type}
                aria-label={t("logs.fieldType")}
                options={types.map(([value]) => ({ value, label: typeName(value) }))}
                onChange={setType}
              />
              <Button type="primary" htmlType="submit" loading={add.isPending} disabled={name.trim() === ""}>
                {t("logs.addField")}
              </Button>
            </form>
            {(add.isError || remove.isError) && <FailureNotice error={add.error ?? remove.error} besideData />}
            {defined.length === 0 ? (
              <Notice title={t("logs.noFieldsTitle")}>{t("logs.noFieldsTodo")}</Notice>
            ) : (
              <table className="grid" aria-label={t("logs.defined")}>
                <thead>
                  <tr>
                    <th>{t("logs.fieldName")}</th>
                    <th>{t("logs.fieldType")}</th>
                    <th>
                      <span className="visually-hidden">{t("logs.removeField")}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {defined.map((field) => (
                    <tr key={field.name} className="row">
                      <td className="mono">{field.name}</td>
                      <td>{typeName(field.type)}</td>
                      <td className="num">
                        <Popconfirm
                          title={t("logs.removeAsk", { name: field.name })}
                          description={t("logs.removeTells")}
                          okText={t("logs.removeField")}
                          cancelText={t("action.cancel")}
                          onConfirm={() => remove.mutate(field.name)}
                        >
                          <Button size="small" danger>
                            {t("logs.removeField")}
                          </Button>
                        </Popconfirm>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
          </Panel>
          <Panel title={t("logs.seen")} count={seen.length}>
            {seen.length === 0 ? (
              <Notice title={t("logs.noSeenTitle")}>{t("logs.noSeenTodo")}</Notice>
            ) : (
              <table className="grid" aria-label={t("logs.seen")}>
                <thead>
                  <tr>
                    <th>{t("logs.fieldName")}</th>
                    <th className="num">{t("logs.linesLastHour")}</th>
                    <th>
                      <span className="visually-hidden">{t("logs.define")}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {seen.map((field) => (
                    <tr key={field.name} className="row">
                      <td className="mono">{field.name}</td>
                      <td className="num">{formatCount(field.lines)}</td>
                      <td className="num">
                        <Button size="small" onClick={() => begin(field.name)}>
                          {t("logs.define")}
                        </Button>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
          </Panel>
        </>
      )}
    </div>
  );
}
