import { useNavigate } from "@tanstack/react-router";
import { Input, type InputRef } from "antd";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "../../ui/icon.tsx";
import { requestIdFrom } from "../request/request-id.ts";

/** Opens the flow of a request whose id is pasted in any form; `/` jumps here from anywhere. */
export function RequestSearch() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const [refused, setRefused] = useState(false);
  const field = useRef<InputRef>(null);

  useEffect(() => {
    const jump = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement | null;
      if (event.key !== "/" || target?.closest("input, textarea, [contenteditable]")) return;
      event.preventDefault();
      field.current?.focus();
    };
    window.addEventListener("keydown", jump);
    return () => window.removeEventListener("keydown", jump);
  }, []);

  const open = (event: FormEvent) => {
    event.preventDefault();
    const id = requestIdFrom(text);
    setRefused(id === undefined && text.trim() !== "");
    if (id === undefined) return;
    setText("");
    void navigate({ to: "/requests/$id", params: { id } });
  };
  return (
    <search className="request-search">
      <form onSubmit={open}>
        <Input
          ref={field}
          prefix={<Icon name="search" size={14} />}
          suffix={text === "" ? <kbd>/</kbd> : undefined}
          placeholder={t("search.placeholder")}
          aria-label={t("search.label")}
          aria-invalid={refused}
          aria-describedby={refused ? "search-problem" : undefined}
          status={refused ? "error" : ""}
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setRefused(false);
          }}
        />
        {refused && (
          <p id="search-problem" className="search-problem" role="alert">
            {t("search.refused")}
          </p>
        )}
      </form>
    </search>
  );
}
