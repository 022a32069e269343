import type { LogLine } from "@msec/api/console/v1/logs_pb.js";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Drawer } from "antd";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatClock, formatDateTime } from "../../lib/format.ts";
import { visibleText } from "../../lib/visible-text.ts";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Loading, Notice } from "../../ui/notice.tsx";
import type { LinePlace } from "./logs-search.ts";
import { aroundQuery } from "./queries.ts";

/** The line to show, and what can be done from it. */
export interface LogDetailProps {
  /** Undefined: none is open. */
  readonly place: LinePlace | undefined;
  /** The line there, where the page has it; else it is asked for. */
  readonly known: LogLine | undefined;
  readonly onClose: () => void;
  /** Narrow the search to what has this value. */
  readonly onFilter: (name: string, value: string) => void;
}

const facts = ["service", "instance", "host", "method", "caller", "peer", "source", "function"] as const;

/** Everything of one line: its text, its fields, the request that it belongs to, and what the instance wrote around it. */
export function LogDetail({ place, known, onClose, onFilter }: LogDetailProps) {
  const { t } = useTranslation();
  const isAsked = place !== undefined && known === undefined;
  const around = useQuery({
    ...aroundQuery(useApi(), place ?? { id: "", service: "", instance: "" }),
    enabled: isAsked,
  });
  const line = known ?? (isAsked ? around.data?.lines.find(({ id }) => id === place.id) : undefined);
  return (
    <Drawer
      open={place !== undefined}
      onClose={onClose}
      size={560}
      mask={false}
      title={line === undefined ? "" : `${formatDateTime(line.timeUs / 1_000)} · ${line.level}`}
      extra={
        line !== undefined && <CopyButton text={line.text} label={t("logs.copyText")} doneLabel={t("logs.copied")} />
      }
    >
      {line === undefined && around.isFetching && <Loading label={t("logs.title")} lines={4} />}
      {line === undefined && around.isError && <FailureNotice error={around.error} onRetry={around.refetch} />}
      {line === undefined && around.isSuccess && <Notice title={t("logs.goneTitle")}>{t("logs.goneTodo")}</Notice>}
      {line !== undefined && (
        <div className="log-detail">
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard */}
          <pre className={`whole level-${line.level}`} dir="auto" tabIndex={0}>
            {visibleText(line.text)}
          </pre>
          {line.requestId !== "" && (
            <p className="row-flex">
              <Link className="link mono" to="/requests/$id" params={{ id: line.requestId }}>
                {t("logs.toFlow")}
              </Link>
              <Button size="small" type="text" onClick={() => onFilter("request", line.requestId)}>
                {t("logs.onlyRequest")}
              </Button>
              {line.dyed && <span className="tag ok">{t("logs.dyed")}</span>}
            </p>
          )}
          <dl>
            {facts
              .filter((name) => line[name] !== "")
              .map((name) => (
                <Fact
                  key={name}
                  name={t(`logs.column.${name}`)}
                  value={line[name]}
                  onFilter={() => onFilter(name, line[name])}
                />
              ))}
          </dl>
          {Object.keys(line.fields).length > 0 && (
            <>
              <h3>{t("logs.fields")}</h3>
              <dl>
                {Object.entries(line.fields).map(([name, value]) => (
                  <Fact key={name} name={name} value={value} onFilter={() => onFilter(name, value)} />
                ))}
              </dl>
            </>
          )}
          <h3>{t("logs.around", { instance: line.instance })}</h3>
          <Around key={line.id} line={line} />
        </div>
      )}
    </Drawer>
  );
}

function Fact({ name, value, onFilter }: { name: string; value: string; onFilter: () => void }) {
  const { t } = useTranslation();
  return (
    <div>
      <dt>
        <bdi>{visibleText(name)}</bdi>
      </dt>
      <dd className="mono">
        <bdi>{visibleText(value)}</bdi>
        <Button
          size="small"
          type="text"
          onClick={onFilter}
          title={t("logs.filterBy", { name })}
          aria-label={t("logs.filterBy", { name })}
        >
          {t("logs.only")}
        </Button>
      </dd>
    </div>
  );
}

/** Scrolls a list of lines, and nothing else, so that the chosen one is in its middle. */
function showChosen(list: HTMLOListElement | null): void {
  const chosen = list?.querySelector<HTMLElement>(".chosen");
  if (list && chosen)
    list.scrollTop = chosen.offsetTop - list.offsetTop - (list.clientHeight - chosen.clientHeight) / 2;
}

function Around({ line }: { line: LogLine }) {
  const { t } = useTranslation();
  const around = useQuery(aroundQuery(useApi(), line));
  if (around.isPending) return <Loading label={t("logs.title")} lines={4} />;
  if (around.isError) return <FailureNotice error={around.error} onRetry={around.refetch} />;
  return (
    <ol
      className="around mono"
      ref={showChosen}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard
      tabIndex={0}
      aria-label={t("logs.around", { instance: line.instance })}
    >
      {around.data.lines.map((one) => (
        <li key={one.id} className={one.id === line.id ? "chosen" : ""}>
          <span className="muted">{formatClock(one.timeUs / 1_000, true)}</span>{" "}
          <i className={`level level-${one.level}`}>{one.level}</i> <bdi>{visibleText(one.text.slice(0, 300))}</bdi>
        </li>
      ))}
    </ol>
  );
}
