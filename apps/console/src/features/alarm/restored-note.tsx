import { Button } from "antd";
import { useTranslation } from "react-i18next";

/** Says that a form shows what was written before and not saved, and gives it up on demand. */
export function RestoredNote({ onDiscard }: { onDiscard: () => void }) {
  const { t } = useTranslation();
  return (
    <p className="restored" role="status">
      {t("alarm.restored")}{" "}
      <Button size="small" type="link" onClick={onDiscard}>
        {t("alarm.discard")}
      </Button>
    </p>
  );
}
