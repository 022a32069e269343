import { Code, ConnectError } from "@connectrpc/connect";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Input, type InputRef } from "antd";
import type { TFunction } from "i18next";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureKind, failureFrom } from "../../lib/failure.ts";
import { CodeBlock } from "../../ui/code-block.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { EntryFrame } from "../shell/entry-frame.tsx";
import { signInTokenFrom } from "./sign-in-token.ts";
import "./sign-in-page.css";

const TOKEN_COMMAND = "npx msec token";

/** How somebody came here, and where to go from here. */
export interface SignInPageProps {
  /** There was a session, and it is over: that is said. */
  readonly ended?: boolean;
  readonly onSignedIn: () => void;
}

/** Trades the token of the address's fragment, or of the field, for a session. */
export function SignInPage({ ended = false, onSignedIn }: SignInPageProps) {
  const { t } = useTranslation();
  const api = useApi();
  const queryClient = useQueryClient();
  const [token, setToken] = useState("");
  const [missing, setMissing] = useState(false);
  const field = useRef<InputRef>(null);
  const started = useRef(false);
  const signIn = useMutation({
    mutationFn: (value: string) => api.session.signIn({ token: value }),
    onSuccess: () => {
      // What is cached was said to somebody without a session.
      queryClient.clear();
      onSignedIn();
    },
    onError: () => field.current?.focus(),
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: the fragment is read once, and a token works once
  useEffect(() => {
    if (started.current) return;
    started.current = true;
    const fromAddress = signInTokenFrom(window.location.hash);
    if (fromAddress === "") return;
    // Out of the address bar and the history: it is a secret until it is used.
    window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
    setToken(fromAddress);
    signIn.mutate(fromAddress);
  }, []);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const value = signInTokenFrom(token);
    setMissing(value === "");
    if (value === "") field.current?.focus();
    else signIn.mutate(value);
  };
  const failed = missing || signIn.isError;
  return (
    <EntryFrame>
      <div className="sign-in">
        <h1>{t("signIn.title")}</h1>
        {ended && !failed && (
          <p className="ended" role="status">
            <StatusMark mark="warn" />
            <span>{t("failure.signedOut.title")}</span>
          </p>
        )}
        <p className="soft">{t("signIn.lead")}</p>
        <form onSubmit={submit}>
          <label htmlFor="token">{t("signIn.token")}</label>
          <Input
            id="token"
            ref={field}
            autoFocus
            autoComplete="off"
            spellCheck={false}
            value={token}
            status={failed ? "error" : ""}
            aria-invalid={failed}
            aria-describedby={failed ? "token-problem" : undefined}
            onChange={(event) => setToken(event.target.value)}
          />
          {missing && <Problem text={t("signIn.missing")} />}
          {signIn.isError && !missing && <Problem text={problemText(signIn.error, t)} />}
          <Button type="primary" htmlType="submit" loading={signIn.isPending}>
            {t(signIn.isPending ? "signIn.pending" : "signIn.submit")}
          </Button>
        </form>
        <div className="help">
          <p>{t("signIn.help")}</p>
          <CodeBlock code={TOKEN_COMMAND} copyLabel={t("action.copyCommand")} doneLabel={t("action.copied")} />
        </div>
      </div>
    </EntryFrame>
  );
}

function problemText(error: unknown, t: TFunction): string {
  const { kind } = failureFrom(error);
  if (ConnectError.from(error).code === Code.ResourceExhausted) {
    return `${t("signIn.tooMany")} (${failureFrom(error).detail})`;
  }
  const refused = kind === FailureKind.SignedOut || kind === FailureKind.Refused || kind === FailureKind.NotFound;
  return refused ? t("signIn.refused") : `${t(`failure.${kind}.title`)} ${t(`failure.${kind}.todo`)}`;
}

function Problem({ text }: { readonly text: string }) {
  return (
    <p className="problem" id="token-problem" role="alert">
      <StatusMark mark="fail" />
      <span>{text}</span>
    </p>
  );
}
