import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import { type Browser, type BrowserContext, chromium, type Page, type Request } from "playwright-core";

/** Debian's Chromium. */
const executablePath = "/usr/bin/chromium";

/** Why there can be no browser; `undefined` where there can. */
export const noBrowser = existsSync(executablePath) ? undefined : "Debian's chromium is not installed";

/** Where screenshots are kept; not in git. */
const screenshots = join(import.meta.dirname, "screenshots");

/** Languages and themes of the console, and the widths of windows that it must fit into. */
export interface Look {
  readonly language: "en" | "zh";
  readonly theme: "light" | "dark";
  readonly width: 1440 | 1024;
}

/** Start a headless browser. */
export async function startBrowser(): Promise<Browser> {
  mkdirSync(screenshots, { recursive: true });
  // Tests run as root in containers, where Chromium's own sandbox cannot be set up; it visits nothing but the system under test.
  return await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"],
  });
}

/** What a page must not do. Collected in all pages of a context. */
export interface Faults {
  /** Errors and warnings of the console, exceptions, violations of the content security policy, requests to other places. */
  readonly seen: string[];
}

/** Collect everything that the pages of a context do wrong. @param origin the only place that they may ask */
export async function watchFaults(context: BrowserContext, origin: string): Promise<Faults> {
  const seen: string[] = [];
  // What runs in the page is text: its types are the browser's, not those of this program.
  await context.addInitScript({
    content: `document.addEventListener("securitypolicyviolation", (event) => {
      console.error("content security policy: " + event.violatedDirective + " " + event.blockedURI + " " + event.sourceFile);
    });`,
  });
  context.on("console", (message) => {
    // Somebody on this machine made or removed a network interface: Chromium gives up what is on its way, and the page asks again.
    if (message.text().includes("net::ERR_NETWORK_CHANGED")) return;
    if (message.type() === "error" || message.type() === "warning") {
      seen.push(`${message.type()}: ${message.text()} (${message.location().url})`);
    }
  });
  context.on("weberror", (error) => seen.push(`exception: ${error.error().stack}`));
  context.on("request", (request) => {
    if (!request.url().startsWith(origin) && !/^(data|blob):/.test(request.url()))
      seen.push(`request to ${request.url()}`);
  });
  return { seen };
}

/**
 * Open an address and wait for its heading; once more where a network interface of this machine came or went meanwhile, for then Chromium gives up what is
 * on its way.
 */
export async function openPage(page: Page, url: string): Promise<void> {
  let isGivenUp = false;
  const note = (request: Request) => {
    if (request.failure()?.errorText === "net::ERR_NETWORK_CHANGED") isGivenUp = true;
  };
  page.on("requestfailed", note);
  try {
    for (;;) {
      isGivenUp = false;
      try {
        await page.goto(url, { waitUntil: "load" });
        return await page.locator("h1").first().waitFor();
      } catch (error) {
        if (!isGivenUp) throw error;
      }
    }
  } finally {
    page.off("requestfailed", note);
  }
}

/** Make the pages of a context look as given, from the next load on. */
export async function setLook(page: Page, { language, theme, width }: Look): Promise<void> {
  await page.setViewportSize({ width, height: 900 });
  await page.evaluate(
    `localStorage.setItem("msec.language", "${language}"); localStorage.setItem("msec.theme", "${theme}");`,
  );
}

/** Keep a screenshot of a page: `screenshots/<name>-<width>-<language>-<theme>.png`. */
export async function keepScreenshot(page: Page, name: string, look: Look): Promise<void> {
  const file = `${name}-${look.width}-${look.language}-${look.theme}.png`;
  await page.screenshot({ path: join(screenshots, file), animations: "disabled" });
}

/**
 * Whether a page is wider than its window: something would have to be scrolled sideways. What draws itself anew after the window's size changed is given
 * time for it.
 */
export async function overflowsSideways(page: Page): Promise<boolean> {
  const overflows = () =>
    page.evaluate<boolean>(
      `new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() =>
        resolve(document.documentElement.scrollWidth > document.documentElement.clientWidth))))`,
    );
  const deadline = performance.now() + 20_000;
  while (await overflows()) {
    if (performance.now() >= deadline) return true;
  }
  return false;
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe-core finds wrong with a page by WCAG 2.1 A and AA, one line for each element. */
export async function findAccessibilityFaults(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  // Experimental by axe's own word: it would have the "2/2" of a leaf of the tree in the name that is read aloud.
  const rules = `{ "label-content-name-mismatch": { enabled: false } }`;
  const { violations } = await page.evaluate<AxeResults>(
    `axe.run(document, { runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }, rules: ${rules} })`,
  );
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.target.join(" ")}: ${node.failureSummary?.split("\n").at(-1)?.trim()}`),
  );
}
