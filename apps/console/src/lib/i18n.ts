import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import type { en } from "./locales/en.ts";
import { Language, rememberLanguage } from "./preferences.ts";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "console";
    resources: { console: typeof en };
  }
}

async function loadTexts(language: Language) {
  return language === Language.Chinese ? (await import("./locales/zh.ts")).zh : (await import("./locales/en.ts")).en;
}

async function addTexts(language: Language) {
  if (!i18next.hasResourceBundle(language, "console")) {
    i18next.addResourceBundle(language, "console", await loadTexts(language));
  }
  document.documentElement.lang = language === Language.Chinese ? "zh-CN" : "en";
}

/** Starts the translations with one language; only its texts are loaded. */
export async function startI18n(language: Language): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    ns: ["console"],
    defaultNS: "console",
    resources: {},
    // React escapes.
    interpolation: { escapeValue: false },
  });
  await addTexts(language);
  // The texts came after init(): tell the components that they are here.
  await i18next.changeLanguage(language);
}

/** Switches the language and remembers it. */
export async function switchLanguage(language: Language): Promise<void> {
  await addTexts(language);
  rememberLanguage(language);
  await i18next.changeLanguage(language);
}
