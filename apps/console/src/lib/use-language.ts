import { useTranslation } from "react-i18next";
import { Language } from "./preferences.ts";

/** The language that the console speaks now. */
export function useLanguage(): Language {
  const { i18n } = useTranslation();
  return i18n.language === Language.Chinese ? Language.Chinese : Language.English;
}
