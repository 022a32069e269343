import { useTranslation } from "react-i18next";
import { useDraft } from "../../lib/use-draft.ts";
import { ExpressionInput } from "./expression-input.tsx";

/** The expression that counts, and what to do with a new one. */
export interface ExpressionBoxProps {
  readonly where: string;
  readonly onWhere: (where: string) => void;
}

/** Where the expression of a search is written; it counts from Enter on. */
export function ExpressionBox({ where, onWhere }: ExpressionBoxProps) {
  const { t } = useTranslation();
  // What is shown is in the address; what is half written is nobody else's, and survives a reload.
  const { value: draft, set: setDraft, forget } = useDraft("logs.where", where, { base: where, read: readText });
  const send = (value: string) => {
    forget();
    onWhere(value);
  };
  const isNew = draft.trim() !== where.trim();
  return (
    <ExpressionInput
      value={draft}
      maxLength={4_000}
      label={t("logs.where")}
      placeholder={t("logs.wherePlaceholder")}
      note={isNew && <span className="muted">{t("logs.pressEnter")}</span>}
      onChange={(value) => {
        setDraft(() => value);
        if (value === "") onWhere("");
      }}
      onEnter={send}
      onExample={send}
    />
  );
}

function readText(kept: unknown): string | undefined {
  return typeof kept === "string" ? kept : undefined;
}
