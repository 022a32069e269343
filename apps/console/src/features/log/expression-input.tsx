import { useQuery } from "@tanstack/react-query";
import { Button, Input, type InputRef, Popover } from "antd";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { useLanguage } from "../../lib/use-language.ts";
import { servicesQuery } from "../service/queries.ts";
import { type CompletionWords, completionsAt, withCompletion } from "./completions.ts";
import { expressionQuery, logFieldsQuery } from "./queries.ts";
// Forms of other pages have the input too.
import "./logs.css";

/** An expression while it is written. */
export interface ExpressionInputProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** Enter, where there is no fault. */
  readonly onEnter?: ((value: string) => void) | undefined;
  /** An example of the help is taken. */
  readonly onExample: (value: string) => void;
  /** UTF-16 units. */
  readonly maxLength: number;
  readonly label: string;
  readonly id?: string | undefined;
  readonly placeholder?: string | undefined;
  /** Stands below where there is no fault. */
  readonly note?: ReactNode;
}

const CHECK_AFTER_MS = 250;

const examples = [
  "timeout",
  "level >= error and not text ~ retry",
  "uid = 7 or uid in (8, 9)",
  "service = Flight.* and uid not in (7, 8)",
  'method ~ "pay" cost > 1.5',
  "text =~ 'no .* seats' and caller = Web.front",
];

/** Where an expression about log lines is written: its faults are shown in place, and its language is explained. */
export function ExpressionInput(props: ExpressionInputProps) {
  const { value, onChange, onEnter, onExample, maxLength, label, id, placeholder, note } = props;
  const { t } = useTranslation();
  const problemId = useId();
  const problem = useExpressionProblem(value);
  const box = useRef<InputRef>(null);
  // Undefined while somebody is elsewhere: nothing is offered then.
  const [caret, setCaret] = useState<number>();
  const words = useCompletionWords(caret !== undefined);
  const offered = caret === undefined ? undefined : completionsAt(value, Math.min(caret, value.length), words);
  const moved = () => setCaret(box.current?.input?.selectionStart ?? undefined);
  const complete = (word: string) => {
    if (offered === undefined || caret === undefined) return;
    const next = withCompletion(value, caret, offered.from, word);
    if (next.text.length > maxLength) return;
    onChange(next.text);
    setCaret(next.caret);
    // Once React has written the text: before that the caret would jump to its end.
    requestAnimationFrame(() => box.current?.input?.setSelectionRange(next.caret, next.caret));
  };
  return (
    <div className="expression">
      <div className="row-flex">
        <Input
          ref={box}
          id={id}
          className="mono"
          value={value}
          allowClear
          maxLength={maxLength}
          status={problem === undefined ? "" : "error"}
          placeholder={placeholder}
          aria-label={label}
          aria-invalid={problem !== undefined}
          aria-describedby={problemId}
          onChange={(event) => {
            onChange(event.target.value);
            moved();
          }}
          onSelect={moved}
          onBlur={() => setCaret(undefined)}
          onKeyDown={(event) => {
            const [first] = offered?.words ?? [];
            if (event.key !== "Tab" || event.shiftKey || first === undefined) return;
            event.preventDefault();
            complete(first);
          }}
          onPressEnter={() => problem === undefined && onEnter?.(value.trim())}
        />
        <Popover trigger="click" placement="bottomRight" content={<Help onExample={onExample} />}>
          <Button>{t("logs.help")}</Button>
        </Popover>
      </div>
      <p id={problemId} className="problem mono" aria-live="polite">
        {problem === undefined ? (
          note
        ) : (
          <>
            <span>
              {value.slice(Math.max(0, problem.position - 30), problem.position)}
              <mark>{value.slice(problem.position, problem.position + problem.length) || "␣"}</mark>
              {value.slice(problem.position + problem.length, problem.position + problem.length + 20)}
            </span>{" "}
            {problem.text}
          </>
        )}
        {offered !== undefined && offered.words.length > 0 && (
          <span className="offered">
            {offered.words.map((word, index) => (
              <button
                key={word}
                type="button"
                className="bare mono"
                tabIndex={-1}
                // A press would take the focus away, and with it what is offered.
                onMouseDown={(event) => event.preventDefault()}
                onClick={() => complete(word)}
              >
                {word}
                {index === 0 && <kbd>Tab</kbd>}
              </button>
            ))}
          </span>
        )}
      </p>
    </div>
  );
}

const columnNames = [
  "level",
  "text",
  "service",
  "method",
  "instance",
  "host",
  "caller",
  "request",
  "peer",
  "source",
  "function",
  "dyed",
];

/** @param isAsked  false: nothing is fetched for nobody */
function useCompletionWords(isAsked: boolean): CompletionWords {
  const api = useApi();
  const fields = useQuery({ ...logFieldsQuery(api), enabled: isAsked }).data;
  const services = useQuery({ ...servicesQuery(api), enabled: isAsked }).data?.services;
  return {
    names: [
      ...new Set([
        ...columnNames,
        ...(fields?.defined.map(({ name }) => name) ?? []),
        ...(fields?.seen.map(({ name }) => name) ?? []),
      ]),
    ],
    services: services?.map(({ name }) => name) ?? [],
  };
}

/** What is wrong with an expression, once nobody has typed for a moment. */
function useExpressionProblem(value: string) {
  const api = useApi();
  const language = useLanguage();
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), CHECK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [value]);
  const check = useQuery(expressionQuery(api, settled, language));
  return settled === value && value.trim() !== "" && !check.isPlaceholderData ? check.data?.problem : undefined;
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
        <dt className="mono">= abc* · = *abc</dt>
        <dd>{t("logs.helpStar")}</dd>
        <dt className="mono">and or not ( )</dt>
        <dd>{t("logs.helpLogic")}</dd>
      </dl>
      <p className="mono muted">{columnNames.join(" ")}</p>
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
