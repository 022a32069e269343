import { App, Button } from "antd";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { failureFrom } from "../../lib/failure.ts";
import { outcomeText } from "./outcome-words.ts";
import { useAlarmChange } from "./queries.ts";

/** Sends a test message by a channel and says what came of it. */
export function TestButton({ id, small = false }: { readonly id: string; readonly small?: boolean }) {
  const { t } = useTranslation();
  const api = useApi();
  const { message } = App.useApp();
  // A mail server may take ten seconds, a channel of several phone numbers longer.
  const test = useAlarmChange(() => api.alarm.testAlarmChannel({ id }, { timeoutMs: 60_000 }));
  const run = async () => {
    try {
      const { ok, outcome } = await test.mutateAsync(undefined);
      if (ok) void message.success(t("alarm.channel.testOk", { outcome: outcomeText(t, outcome) }));
      else void message.error(t("alarm.channel.testFailed", { outcome: outcomeText(t, outcome) }), 8);
    } catch (error) {
      void message.error(failureFrom(error).detail);
    }
  };
  return (
    <Button size={small ? "small" : "medium"} loading={test.isPending} onClick={() => void run()}>
      {t("alarm.channel.test")}
    </Button>
  );
}
