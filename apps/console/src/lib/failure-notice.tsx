import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Notice } from "../ui/notice.tsx";
import { Mark } from "../ui/status-mark.tsx";
import { failureFrom } from "./failure.ts";

/** Says what went wrong with a call and what to do, with the server's own words in small print. */
export function FailureNotice({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => unknown }) {
  const { t } = useTranslation();
  const { kind, detail } = failureFrom(error);
  return (
    <Notice
      mark={Mark.Fail}
      role="alert"
      title={t(`failure.${kind}.title`)}
      detail={detail}
      actions={onRetry && <Button onClick={() => void onRetry()}>{t("action.retry")}</Button>}
    >
      {t(`failure.${kind}.todo`)}
    </Notice>
  );
}
