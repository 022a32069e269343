import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Development only: where `vite` passes calls of the API on to. The built console is served by the server itself.
const server = process.env.MSEC_SERVER ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  server: { host: "127.0.0.1", proxy: { "/api": server } },
  preview: { host: "127.0.0.1", proxy: { "/api": server } },
  build: {
    target: "es2023",
    // The content security policy allows neither inline scripts nor data: fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The layout engine (elk) alone is 1.5 MB; it is a worker that only the flow page starts.
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        // Without these the first page is three dozen files of a few hundred bytes.
        codeSplitting: {
          groups: [
            {
              name: "framework",
              test: /node_modules\/(react|react-dom|scheduler|use-sync-external-store|@tanstack|i18next|react-i18next|@connectrpc|@bufbuild)\//,
            },
            {
              name: "shared",
              test: /src\/(lib\/(?!locales)|ui\/(?!curve-chart)|routes\/|features\/[a-z]+\/(queries|[a-z-]+)\.ts$)|packages\/api\/gen/,
            },
          ],
        },
      },
    },
  },
  test: {
    css: false,
    testTimeout: 90_000,
    projects: [
      // Plain functions, which leave nothing behind: starting anew for each file would take most of the time.
      { extends: true, test: { name: "logic", environment: "node", isolate: false, include: ["src/**/*.test.ts"] } },
      {
        extends: true,
        test: {
          name: "pages",
          environment: "jsdom",
          include: ["src/**/*.test.tsx"],
          setupFiles: ["src/fixtures/test-setup.ts"],
        },
      },
    ],
  },
});
