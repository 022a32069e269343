import { useSyncExternalStore } from "react";
import { Scheme } from "../ui/tokens.ts";

/** What the user chose as theme: a scheme, or whatever the system uses. */
export const ThemeChoice = { System: "system", Light: "light", Dark: "dark" } as const;
/** What the user chose as theme. */
export type ThemeChoice = (typeof ThemeChoice)[keyof typeof ThemeChoice];

/** The languages of the console. */
export const Language = { English: "en", Chinese: "zh" } as const;
/** One of the languages of the console. */
export type Language = (typeof Language)[keyof typeof Language];

// The first is also read by public/theme.js, before the first paint.
const THEME_KEY = "msec.theme";
const LANGUAGE_KEY = "msec.language";

const listeners = new Set<() => void>();
const systemDark = matchMedia("(prefers-color-scheme: dark)");
systemDark.addEventListener("change", announce);

function announce() {
  document.documentElement.dataset.theme = currentScheme();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

// Storage can be blocked by the browser's settings; a choice then holds until the page is closed.
const memory = new Map<string, string>();

function read(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? memory.get(key);
  } catch {
    return memory.get(key);
  }
}

function write(key: string, value: string) {
  memory.set(key, value);
  try {
    localStorage.setItem(key, value);
  } catch {
    // Kept in memory above.
  }
}

/** The remembered theme; `system` when nothing (or nothing known) was chosen. */
export function themeChoice(): ThemeChoice {
  const value = read(THEME_KEY);
  return value === "light" || value === "dark" ? value : ThemeChoice.System;
}

/** Remembers a theme and applies it at once. */
export function chooseTheme(choice: ThemeChoice): void {
  write(THEME_KEY, choice);
  announce();
}

/** The scheme that the choice and the system's setting make now. */
export function currentScheme(): Scheme {
  const choice = themeChoice();
  if (choice !== ThemeChoice.System) return choice;
  return systemDark.matches ? Scheme.Dark : Scheme.Light;
}

/** The scheme, following the choice and the system. */
export function useScheme(): Scheme {
  return useSyncExternalStore(subscribe, currentScheme);
}

/** The chosen theme, following the choice. */
export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(subscribe, themeChoice);
}

/**
 * The language to begin with: the remembered one, else Chinese where the browser prefers any Chinese over English.
 *
 * @param preferred the browser's languages, most wanted first
 */
export function initialLanguage(preferred: readonly string[] = navigator.languages): Language {
  const remembered = read(LANGUAGE_KEY);
  if (remembered === Language.English || remembered === Language.Chinese) return remembered;
  const known = preferred.find((tag) => /^(zh|en)\b/i.test(tag));
  return known !== undefined && /^zh/i.test(known) ? Language.Chinese : Language.English;
}

/** Remembers a language for the next visit. */
export function rememberLanguage(language: Language): void {
  write(LANGUAGE_KEY, language);
}
