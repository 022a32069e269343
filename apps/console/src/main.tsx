import type { Transport } from "@connectrpc/connect";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createConsole } from "./create-console.tsx";
import { createServerTransport } from "./lib/api.ts";
import { startI18n } from "./lib/i18n.ts";
import { initialLanguage } from "./lib/preferences.ts";

async function createTransport(): Promise<Transport> {
  // `vite --mode fixtures`: pages without a server. The condition is constant, so the build has none of it.
  if (import.meta.env.DEV && import.meta.env.MODE === "fixtures") {
    return (await import("./fixtures/fixture-transport.ts")).chosenFixtureTransport();
  }
  return createServerTransport();
}

const [transport] = await Promise.all([createTransport(), startI18n(initialLanguage())]);
const { element } = createConsole(transport);
createRoot(document.getElementById("root")!).render(<StrictMode>{element}</StrictMode>);
