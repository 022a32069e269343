import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Input, type InputRef } from "antd";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureKind, failureFrom } from "../../lib/failure.ts";
import { BrandMark } from "../../ui/brand-mark.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { DisplaySettings } from "../shell/display-settings.tsx";
import { signInTokenFrom } from "./sign-in-token.ts";
import "./sign-in-page.css";

const TOKEN_COMMAND = "npx msec token";

/** Trades the token of the address's fragment, or of the field, for a session. */
export function SignInPage({ onSignedIn }: { readonly onSignedIn: () => void }) {
  const { t } = useTranslation();
  const api = useApi();
  const queryClient = useQueryClient();
  const [token, setToken] = useState("");
  const field = useRef<InputRef>(null);
  const started = useRef(false);
  const signIn = useMutation({
    mutationFn: (value: string) => api.session.signIn({ token: value }),
    onSuccess: async () => {
      await queryClient.invalidateQueries();
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
    if (value !== "") signIn.mutate(value);
  };
  return (
    <div className="sign-in">
      <header>
        <DisplaySettings />
      </header>
      <main>
        <div className="card">
          <div className="brand-line">
            <BrandMark size={26} />
            <strong>msec</strong>
          </div>
          <h1>{t("signIn.title")}</h1>
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
              status={signIn.isError ? "error" : ""}
              aria-invalid={signIn.isError}
              aria-describedby={signIn.isError ? "token-problem" : undefined}
              onChange={(event) => setToken(event.target.value)}
            />
            {signIn.isError && <Problem error={signIn.error} />}
            <Button
              type="primary"
              htmlType="submit"
              loading={signIn.isPending}
              disabled={signInTokenFrom(token) === ""}
            >
              {t(signIn.isPending ? "signIn.pending" : "signIn.submit")}
            </Button>
          </form>
          <div className="help">
            <p>{t("signIn.help")}</p>
            <pre>
              {TOKEN_COMMAND}
              <CopyButton text={TOKEN_COMMAND} label={t("action.copyCommand")} doneLabel={t("action.copied")} />
            </pre>
          </div>
        </div>
      </main>
    </div>
  );
}

function Problem({ error }: { readonly error: unknown }) {
  const { t } = useTranslation();
  const { kind } = failureFrom(error);
  const refused = kind === FailureKind.SignedOut || kind === FailureKind.Refused || kind === FailureKind.NotFound;
  return (
    <p className="problem" id="token-problem" role="alert">
      <StatusMark mark="fail" />
      <span>{refused ? t("signIn.refused") : `${t(`failure.${kind}.title`)} ${t(`failure.${kind}.todo`)}`}</span>
    </p>
  );
}
