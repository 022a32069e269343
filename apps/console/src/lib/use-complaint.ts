import { App } from "antd";
import { useTranslation } from "react-i18next";
import { failureFrom } from "./failure.ts";

/**
 * Says that a change did not happen: what, and why in the server's words or what to do.
 *
 * @returns a function of the sentence that says what did not happen, and of what was thrown
 */
export function useComplaint(): (sentence: string, error: unknown) => void {
  const { t } = useTranslation();
  const { message } = App.useApp();
  return (sentence, error) => {
    const { kind, detail } = failureFrom(error);
    void message.error(`${sentence} ${detail || t(`failure.${kind}.todo`)}`.trim(), 8);
  };
}
