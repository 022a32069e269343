import { Input, Tooltip } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { serverNow } from "../../lib/server-clock.ts";
import { readLogTime } from "./log-time.ts";
import type { LogsSearch } from "./logs-search.ts";

/** A time or a range to show. */
export type Jump = { readonly [K in "from" | "to" | "at"]: LogsSearch[K] | undefined };

/** Where a time is written that the log page shall show: what stood at 14:03:20, from 14:03 to 14:10. */
export function TimeJump({ onJump }: { onJump: (jump: Jump) => void }) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState("");
  const [isOdd, setOdd] = useState(false);
  const jump = () => {
    if (draft.trim() === "") return;
    const now = serverNow();
    const said = readLogTime(draft, now);
    setOdd(said === undefined);
    if (said === undefined) return;
    setDraft("");
    if ("at" in said) {
      onJump({ at: said.at, from: said.at - said.aroundMs, to: said.at + said.aroundMs });
    } else onJump({ ...said, at: undefined });
  };
  return (
    <Tooltip title={isOdd ? t("logs.jump.odd") : t("logs.jump.forms")} trigger={isOdd ? ["focus", "hover"] : ["focus"]}>
      <Input
        className="time-jump"
        style={{ width: 170 }}
        value={draft}
        status={isOdd ? "error" : ""}
        aria-invalid={isOdd}
        maxLength={80}
        placeholder={t("logs.jump.placeholder")}
        aria-label={t("logs.jump.label")}
        onChange={(event) => {
          setDraft(event.target.value);
          setOdd(false);
        }}
        onPressEnter={jump}
      />
    </Tooltip>
  );
}
