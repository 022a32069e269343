import { useQuery } from "@tanstack/react-query";
import { Button, Input, Popover } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { useLanguage } from "../../lib/use-language.ts";
import { expressionQuery, logFieldsQuery } from "./queries.ts";

/** The expression that counts, and what to do with a new one. */
export interface ExpressionBoxProps {
  readonly where: string;
  readonly onWhere: (where: string) => void;
}

const CHECK_AFTER_MS = 250;

const examples = [
  "timeout",
  "level >= error and not text ~ retry",
  "uid = 7 or uid in (8, 9)",
  'method ~ "pay" cost > 1.5',
  "text =~ 'no .* seats' and caller = Web.front",
];

/** Where the expression is written; it is checked while it is, and counts from Enter on. */
export function ExpressionBox({ where, onWhere }: ExpressionBoxProps) {
  const { t } = useTranslation();
  const api = useApi();
  const language = useLanguage();
  const [draft, setDraft] = useState(where);
  const [settled, setSettled] = useState(where);
  useEffect(() => setDraft(where), [where]);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(draft), CHECK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [draft]);
  const check = useQuery(expressionQuery(api, settled, language));
  const problem =
    settled === draft && draft.trim() !== "" && !check.isPlaceholderData ? check.data?.problem : undefined;
  return (
    <div className="expression">
      <div className="row-flex">
        <Input
          className="mono"
          value={draft}
          allowClear
          maxLength={4_000}
          status={problem === undefined ? "" : "error"}
          placeholder={t("logs.wherePlaceholder")}
          aria-label={t("logs.where")}
          aria-invalid={problem !== undefined}
          aria-describedby="expression-problem"
          onChange={(event) => {
            setDraft(event.target.value);
            if (event.target.value === "") onWhere("");
          }}
          onPressEnter={() => problem === undefined && onWhere(draft.trim())}
        />
        <Popover trigger="click" placement="bottomRight" content={<Help onExample={onWhere} />}>
          <Button>{t("logs.help")}</Button>
        </Popover>
      </div>
      <p id="expression-problem" className="problem mono" aria-live="polite">
        {problem !== undefined && (
          <>
            <span>
              {draft.slice(Math.max(0, problem.position - 30), problem.position)}
              <mark>{draft.slice(problem.position, problem.position + problem.length) || "␣"}</mark>
              {draft.slice(problem.position + problem.length, problem.position + problem.length + 20)}
            </span>{" "}
            {problem.text}
          </>
        )}
        {problem === undefined && draft.trim() !== where.trim() && (
          <span className="muted">{t("logs.pressEnter")}</span>
        )}
      </p>
    </div>
  );
}

function Help({ onExample }: { onExample: (where: string) => void }) {
  const { t } = useTranslation();
  const fields = useQuery(logFieldsQuery(useApi()));
  const seen = fields.data?.seen.slice(0, 24) ?? [];
  return (
    <div className="expression-help">
      <p>{t("logs.helpLead")}</p>
      <dl>
        <dt className="mono">= != &lt; &lt;= &gt; &gt;=</dt>
        <dd>{t("logs.helpCompare")}</dd>
        <dt className="mono">~ !~ =~</dt>
        <dd>{t("logs.helpContains")}</dd>
        <dt className="mono">in (…) · exists</dt>
        <dd>{t("logs.helpIn")}</dd>
        <dt className="mono">and or not ( )</dt>
        <dd>{t("logs.helpLogic")}</dd>
      </dl>
      <p className="mono muted">level text request service instance host method caller peer source function dyed</p>
      {seen.length > 0 && (
        <p>
          {t("logs.helpFields")} <span className="mono">{seen.map(({ name }) => name).join(" ")}</span>
        </p>
      )}
      <ul>
        {examples.map((example) => (
          <li key={example}>
            <button type="button" className="bare mono" onClick={() => onExample(example)}>
              {example}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
