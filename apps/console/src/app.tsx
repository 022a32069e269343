import { type QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { App as AntdApp, ConfigProvider } from "antd";
import chineseLocale from "antd/locale/zh_CN";
import { type Api, ApiContext } from "./lib/api.ts";
import { Language, useScheme } from "./lib/preferences.ts";
import { useLanguage } from "./lib/use-language.ts";
import type { createConsoleRouter } from "./routes/router.tsx";
import { antdTheme } from "./ui/theme.ts";
import "./ui/tokens.css";
import "./ui/base.css";

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
      {...(language === Language.Chinese ? { locale: chineseLocale } : {})}
      button={{ autoInsertSpace: false }}
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
