import { type QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { App as AntdApp, ConfigProvider } from "antd";
import englishLocale from "antd/locale/en_US";
import chineseLocale from "antd/locale/zh_CN";
import { useTranslation } from "react-i18next";
import { type Api, ApiContext } from "./lib/api.ts";
import { Language, useScheme } from "./lib/preferences.ts";
import { useLanguage } from "./lib/use-language.ts";
import type { createConsoleRouter } from "./routes/router.tsx";
import { antdTheme } from "./ui/theme.ts";
import "./ui/tokens.css";
import "./ui/base.css";

/** What a list to choose from says when nothing matches what was typed. */
function NothingToChoose() {
  const { t } = useTranslation();
  return <span className="muted nothing-to-choose">{t("action.nothingMatches")}</span>;
}

/** What the console runs on. */
export interface ConsoleProps {
  readonly api: Api;
  readonly queryClient: QueryClient;
  readonly router: ReturnType<typeof createConsoleRouter>;
}

/** The whole console. */
export function Console({ api, queryClient, router }: ConsoleProps) {
  const scheme = useScheme();
  const language = useLanguage();
  return (
    <ConfigProvider
      theme={antdTheme(scheme)}
      // Always one: antd wraps what is below it where there is one, so that a switch from none would make all pages anew, without what was typed into them.
      locale={language === Language.Chinese ? chineseLocale : englishLocale}
      button={{ autoInsertSpace: false }}
      renderEmpty={() => <NothingToChoose />}
      wave={{ disabled: true }}
    >
      <AntdApp component={false}>
        <QueryClientProvider client={queryClient}>
          <ApiContext.Provider value={api}>
            <RouterProvider router={router} />
          </ApiContext.Provider>
        </QueryClientProvider>
      </AntdApp>
    </ConfigProvider>
  );
}
