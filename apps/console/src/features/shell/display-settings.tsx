import { useTranslation } from "react-i18next";
import { switchLanguage } from "../../lib/i18n.ts";
import { chooseTheme, Language, type ThemeChoice, useThemeChoice } from "../../lib/preferences.ts";
import { useLanguage } from "../../lib/use-language.ts";
import { Icon, type IconName } from "../../ui/icon.tsx";

const nextTheme: Record<ThemeChoice, ThemeChoice> = { system: "light", light: "dark", dark: "system" };
const themeIcon: Record<ThemeChoice, IconName> = { system: "system", light: "sun", dark: "moon" };

/** The two switches of language and theme. */
export function DisplaySettings() {
  const { t } = useTranslation();
  const language = useLanguage();
  const theme = useThemeChoice();
  const other = language === Language.Chinese ? Language.English : Language.Chinese;
  const themeLabel = t("shell.theme", { theme: t(`theme.${theme}`), next: t(`theme.${nextTheme[theme]}`) });
  return (
    <>
      <button
        type="button"
        className="bare"
        lang={other === Language.Chinese ? "zh-CN" : "en"}
        onClick={() => void switchLanguage(other)}
        aria-label={t("shell.switchLanguage")}
        title={t("shell.switchLanguage")}
      >
        <Icon name="language" />
        <span>{t(`language.${other}`)}</span>
      </button>
      <button
        type="button"
        className="bare"
        onClick={() => chooseTheme(nextTheme[theme])}
        aria-label={themeLabel}
        title={themeLabel}
      >
        <Icon name={themeIcon[theme]} />
      </button>
    </>
  );
}
