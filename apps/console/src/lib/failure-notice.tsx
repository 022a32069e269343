import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Notice } from "../ui/notice.tsx";
import { Mark } from "../ui/status-mark.tsx";
import { failureFrom, isNoAnswer } from "./failure.ts";

/** What went wrong, and what there is beside it. */
export interface FailureNoticeProps {
  readonly error: unknown;
  readonly onRetry?: () => unknown;
  /** Older data are on the page: that nobody answers is then said once, above all pages. Default false. */
  readonly besideData?: boolean;
}

/** Says what went wrong with a call and what to do, with the server's own words in small print. */
export function FailureNotice({ error, onRetry, besideData = false }: FailureNoticeProps) {
  const { t } = useTranslation();
  const { kind, detail } = failureFrom(error);
  if (besideData && isNoAnswer(error)) return null;
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
