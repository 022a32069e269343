import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { ExpressionInput } from "./expression-input.tsx";

/** The expression that counts, and what to do with a new one. */
export interface ExpressionBoxProps {
  readonly where: string;
  readonly onWhere: (where: string) => void;
}

/** Where the expression of a search is written; it counts from Enter on. */
export function ExpressionBox({ where, onWhere }: ExpressionBoxProps) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState(where);
  useEffect(() => setDraft(where), [where]);
  const isNew = draft.trim() !== where.trim();
  return (
    <ExpressionInput
      value={draft}
      maxLength={4_000}
      label={t("logs.where")}
      placeholder={t("logs.wherePlaceholder")}
      note={isNew && <span className="muted">{t("logs.pressEnter")}</span>}
      onChange={(value) => {
        setDraft(value);
        if (value === "") onWhere("");
      }}
      onEnter={onWhere}
      onExample={onWhere}
    />
  );
}
