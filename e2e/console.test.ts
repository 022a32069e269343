import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { CapacityService, OperationState } from "@msec/api/console/v1/capacity_pb.js";
import { LogService } from "@msec/api/console/v1/logs_pb.js";
import { CallSide, TelemetryService } from "@msec/api/console/v1/telemetry_pb.js";
import { waitUntil } from "@msec/process/testing";
import type { Browser, Page } from "playwright-core";
import {
  type Faults,
  findAccessibilityFaults,
  keepScreenshot,
  type Look,
  noBrowser,
  openPage,
  overflowsSideways,
  setLook,
  startBrowser,
  watchFaults,
} from "./browser.ts";
import { callArguments, flightMethod, goodRequest } from "./flight.ts";
import { operatorClient } from "./operator-api.ts";
import { startSystem, type TestSystem } from "./system.ts";

const options = noBrowser === undefined ? {} : { skip: noBrowser };

let system: TestSystem;
let browser: Browser;
let page: Page;
let faults: Faults;
before(async () => {
  if (noBrowser !== undefined) return;
  [system, browser] = await Promise.all([startSystem({ trafficPerSecond: 20 }), startBrowser()]);
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-US" });
  context.setDefaultTimeout(120_000);
  faults = await watchFaults(context, system.consoleUrl);
  page = await context.newPage();
});
after(async () => {
  await browser?.close();
  await system?.[Symbol.asyncDispose]();
});

const first = () => `127.0.0.1:${Math.min(...system.ports.flight)}`;

async function open(path: string): Promise<void> {
  await openPage(page, system.consoleUrl + path);
}

/** A request that the store knows. */
async function makeRequest(): Promise<string> {
  const { stderr } = await system.msec(...callArguments(goodRequest), "--timeout", "30000");
  const requestId = /\b[0-9a-f]{32}\b/.exec(stderr)?.[0] ?? assert.fail(stderr);
  // A page that is opened earlier asks until it is there, and the browser reports each answer that it is not.
  const store = operatorClient(system, TelemetryService);
  await waitUntil(
    "all of the request is in the store",
    async () => {
      const { spans, logs } = await store.getFlow({ requestId });
      // Two calls, of each what its caller and what its service says; a busy machine brings them one after the other.
      return spans.length >= 4 && logs.some(({ text }) => text.includes("query"));
    },
    60_000,
  );
  return requestId;
}

test("without a session every page leads to the sign-in page, and a wrong token is refused", options, async () => {
  await open("/requests");
  assert.match(page.url(), /\/sign-in\?next=/);
  for (const theme of ["light", "dark"] as const) {
    const look: Look = { language: "en", theme, width: 1440 };
    await setLook(page, look);
    await page.reload();
    await page.locator("h1").waitFor();
    await keepScreenshot(page, "sign-in", look);
  }
  await page.getByRole("textbox").fill("no-such-token-at-all-0123456789");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page
    .getByRole("alert")
    .getByText(/token is not valid/)
    .waitFor();
  // The refusal itself is an answer of 401, which the browser reports.
  const expected = faults.seen.splice(0).filter((fault) => !/status of 40[13]/.test(fault));
  assert.deepEqual(expected, []);
});

test("the link that npm start prints signs in once, and the token leaves the address bar", options, async () => {
  await page.goto(system.signInUrl);
  await page.locator("h1", { hasText: "Services" }).waitFor();
  assert.equal(new URL(page.url()).hash, "");
  const other = await browser.newContext();
  const stranger = await other.newPage();
  await stranger.goto(system.signInUrl);
  await stranger.getByText(/token is not valid/).waitFor();
  await other.close();
});

test("the overview shows the service tree with what is in routing and how it does", options, async () => {
  await open("/");
  for (const name of ["mod_flight", "mod_user", "traffic"]) {
    await page
      .getByRole("link", { name: new RegExp(name) })
      .first()
      .waitFor();
  }
});

test(
  "the service page shows instances with port and state; its switch takes one out of routing, and traffic follows in 2 s",
  options,
  async () => {
    await open("/services/Flight.mod_flight");
    const row = page.getByRole("row").filter({ hasText: first() });
    await row.getByText("running").first().waitFor();
    const toggle = page.getByRole("switch", { name: `${first()} in routing` });
    assert.equal(await toggle.getAttribute("aria-checked"), "true");
    await toggle.click();
    const outMs = Date.now();
    await waitUntil("the switch is off", async () => (await toggle.getAttribute("aria-checked")) === "false");
    // Two seconds on a machine that is not given to others; on one that is, when the server has heard that nobody calls it any more.
    await waitUntil("nobody calls it", async () => {
      const { operations } = await operatorClient(system, CapacityService).listOperations({});
      return operations.length > 0 && operations.every(({ state }) => state === OperationState.DONE);
    });
    const quietMs = Math.max(outMs + 2000, Date.now());
    await page.waitForTimeout(4500);
    await keepScreenshot(page, "service-out-of-routing", { language: "en", theme: "light", width: 1440 });
    await page.getByLabel(`${first()} serves 0 calls per second`).first().waitFor();
    await toggle.click();
    const inMs = Date.now();
    await waitUntil("the switch is on", async () => (await toggle.getAttribute("aria-checked")) === "true");
    const calls = await waitUntil("traffic is back", async () => {
      const found = await callsPerSecond(outMs, Date.now());
      return found.some(({ timeMs, count }) => timeMs >= inMs && count > 0) ? found : undefined;
    });
    const wrong = calls.filter(({ timeMs, count }) => timeMs >= quietMs && timeMs + 1000 <= inMs && count > 0);
    assert.deepEqual(wrong, [], "no call 2 s after it was taken out");
  },
);

async function callsPerSecond(fromMs: number, toMs: number): Promise<{ timeMs: number; count: number }[]> {
  const curve = await operatorClient(system, TelemetryService).queryCalls({
    service: "Flight.mod_flight",
    side: CallSide.SERVER,
    fromMs: Math.floor(fromMs / 1000) * 1000,
    toMs: Math.ceil(toMs / 1000) * 1000,
    stepS: 1,
    byInstance: true,
  });
  const series = curve.series.find(({ instance }) => instance === first());
  return curve.timeMs.map((timeMs, index) => ({ timeMs, count: series?.calls[index] ?? 0 }));
}

test(
  "the flow page draws the path of a request: caller, Flight.mod_flight, Login.mod_user, with its log line",
  options,
  async () => {
    const id = await makeRequest();
    await open(`/requests/${id}`);
    for (const name of ["msec.cli", "Flight.mod_flight", "Login.mod_user"]) {
      await page.getByText(name, { exact: false }).first().waitFor();
    }
    await page
      .getByText(/queryFlight/)
      .first()
      .waitFor();
    await page.getByRole("row").filter({ hasText: "from=sz" }).filter({ hasText: "query" }).first().waitFor();
  },
);

test("a request of the traffic source is in the list and opens its page", options, async () => {
  await open("/requests");
  const link = page.locator("main a[href^='/requests/']").first();
  await link.click();
  await page.waitForURL(/\/requests\/[0-9a-f]{32}/);
  await page.getByText("Flight.traffic").first().waitFor();
});

test(
  "the log page finds by an expression, follows and pauses, shows what stands around a line, and exports",
  options,
  async () => {
    await open("/logs?service=Flight.mod_flight&range=15m");
    const box = page.getByRole("textbox", { name: "Expression" });
    await box.fill("level >= ");
    await page.locator(".problem mark").waitFor();
    const where = 'from exists and text ~ "quer" and not "no such text"';
    await box.fill(where);
    await box.press("Enter");
    await page.waitForURL((url) => url.searchParams.get("where") === where);
    const first = page.getByRole("row").nth(1);
    await first.filter({ hasText: "query" }).waitFor();

    // The time of the newest line, to the microsecond, and its text.
    const newest = async () => await first.innerText();
    const followed = await newest();
    await waitUntil("new lines arrive by themselves", async () => (await newest()) !== followed, 60_000);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Resume" }).waitFor();
    const paused = await newest();
    const pausedMs = Date.now();
    await waitUntil(
      "a later line is in the store",
      async () => {
        const filter = { service: "Flight.mod_flight", fromMs: pausedMs, toMs: Date.now() + 1000 };
        return (await operatorClient(system, LogService).findLogs({ filter, limit: 1 })).lines.length > 0;
      },
      60_000,
    );
    assert.equal(await newest(), paused);
    await page.getByRole("button", { name: "Resume" }).click();
    await waitUntil("it follows again", async () => (await newest()) !== paused, 60_000);
    await page.getByRole("button", { name: "Pause" }).click();

    await page.getByRole("button", { name: "Columns" }).click();
    await page.getByRole("menuitem", { name: "Function" }).click();
    await page.waitForURL((url) => url.searchParams.get("columns")?.includes("function") === true);
    await page.getByRole("columnheader", { name: "Function" }).waitFor();
    await page.keyboard.press("Escape");

    await first.click();
    const detail = page.getByRole("dialog");
    await detail.locator(".around li.chosen").waitFor();
    assert.ok((await detail.locator(".around li").count()) > 1, "lines before and after it");
    // Everything that the page shows is in its address: the open line, and that it stands still.
    const copy = await page.context().newPage();
    await copy.goto(page.url());
    await copy.getByRole("dialog").locator(".around li.chosen").waitFor();
    assert.equal(
      await copy.getByRole("dialog").locator("pre.whole").innerText(),
      await detail.locator("pre.whole").innerText(),
    );
    await copy.getByRole("button", { name: "Resume" }).waitFor();
    await copy.close();
    await detail.getByRole("button", { name: "Close" }).click();

    await page.getByRole("button", { name: "Export" }).hover();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("menuitem", { name: /JSON lines/ }).click(),
    ]);
    assert.match(download.suggestedFilename(), /^msec-logs-.*\.ndjson$/);
    const lines = (await readFile(await download.path(), "utf8")).trim().split("\n");
    assert.ok(lines.length > 1);
    for (const line of lines) assert.equal((JSON.parse(line) as { service: string }).service, "Flight.mod_flight");
  },
);

test("the curve page shows calls and failures, per minute and live", options, async () => {
  await open("/services/Flight.mod_flight/curves");
  await page.getByText("Failures").first().waitFor();
  await page.locator("canvas").first().waitFor();
  await page.getByText("1 h", { exact: true }).first().click();
  await page.waitForURL((url) => url.searchParams.get("range") === "1h");
  await page.locator("canvas").first().waitFor();
  await page.getByText("Live", { exact: true }).first().click();
  await page.waitForURL((url) => !url.searchParams.has("range"));
  await page.locator("canvas").first().waitFor();
});

test("a click on a point of the latency curve opens the slowest requests of its minute", options, async () => {
  await open("/services/Flight.mod_flight/curves");
  const chart = page.getByRole("slider", { name: /^Latency of Flight\.mod_flight/ });
  await chart.locator("canvas").waitFor();
  const { width, height } = (await chart.boundingBox()) ?? assert.fail("the chart has no box");
  // Near the right edge: the last minute, in which there was traffic.
  await chart.click({ position: { x: width - 40, y: height / 2 } });
  await page.waitForURL(
    ({ pathname, searchParams }) => pathname === "/requests" && searchParams.get("order") === "slowest",
  );
  const { searchParams } = new URL(page.url());
  assert.match(searchParams.get("service") ?? "", /Flight\.mod_flight/);
  assert.equal(Number(searchParams.get("to")) - Number(searchParams.get("from")), 60_000);
  await page.locator("main a[href^='/requests/']").first().waitFor();
});

test(
  "a rule of the dyeing page records matching requests in full, shows their lines, and is ended there",
  options,
  async () => {
    await open("/dyeing");
    await page.getByRole("textbox", { name: "Field" }).fill("name");
    await page.getByRole("textbox", { name: "Value" }).fill("dyed-in-chromium");
    await page.getByRole("button", { name: "Dye", exact: true }).click();
    const rule = page.getByRole("row").filter({ hasText: "name = dyed-in-chromium" });
    await rule.waitFor();
    assert.deepEqual(await findAccessibilityFaults(page), []);
    await keepScreenshot(page, "dyeing", { language: "en", theme: "light", width: 1440 });
    const url = `http://127.0.0.1:${system.ports.flight[0]}/?methodName=${flightMethod}`;
    const body = JSON.stringify({ ...goodRequest, name: "dyed-in-chromium" });
    const lines = page.getByText('request: {"name":"dyed-in-chromium"');
    await rule.getByRole("link", { name: "Lines" }).click();
    await page.locator("h1", { hasText: "Logs" }).waitFor();
    await waitUntil(
      "the lines of a dyed request",
      async () => {
        await fetch(url, { method: "POST", body });
        await page.reload();
        return await lines
          .first()
          .waitFor({ timeout: 10_000 })
          .then(
            () => true,
            () => undefined,
          );
      },
      60_000,
    );
    await open("/dyeing");
    await rule.getByRole("button", { name: "End" }).click();
    await rule.getByText("ended").waitFor();
  },
);

test("the language and the theme are switched on the page and remembered", options, async () => {
  await open("/");
  await page.getByRole("button", { name: /中文|Chinese/ }).click();
  await page.locator("h1", { hasText: "服务" }).waitFor();
  await page.reload();
  await page.locator("h1", { hasText: "服务" }).waitFor();
  await page.getByRole("button", { name: /英文|English/ }).click();
  await page.locator("h1", { hasText: "Services" }).waitFor();
  const scheme = () => page.evaluate<string>("document.documentElement.dataset.theme");
  const before = await scheme();
  // One of the three choices is what the system has, so that one of two clicks changes nothing.
  await waitUntil("the other theme", async () => {
    await page.getByRole("button", { name: /^Theme:/ }).click();
    return (await scheme()) !== before;
  });
});

// A page is loaded once for each of these; what axe-core judges does not depend on the width.
const looks = [
  { language: "en", theme: "light", widths: [1440, 1024] },
  { language: "zh", theme: "dark", widths: [1440, 1024] },
  { language: "en", theme: "dark", widths: [1440] },
  { language: "zh", theme: "light", widths: [1440] },
] as const;

function pagesOf(requestId: string): [name: string, path: string][] {
  return Object.entries({
    overview: "/",
    service: "/services/Flight.mod_flight",
    curves: "/services/Flight.mod_flight/curves",
    requests: "/requests",
    flow: `/requests/${requestId}`,
    hosts: "/hosts",
    // A range of its own: what ends now is followed by a call that never rests.
    logs: `/logs?from=${Date.now() - 300_000}&to=${Date.now()}`,
    monitor: "/monitor",
    alarms: "/alarms",
  });
}

test(
  "every page fits its window and is kept as a screenshot, in both languages and themes; axe-core finds nothing wrong with any in either theme",
  options,
  async () => {
    const tooWide: string[] = [];
    // Fault → the pages that have it: most are in the frame that all pages share.
    const problems = new Map<string, string[]>();
    const judge = async (name: string, theme: string) => {
      for (const fault of await findAccessibilityFaults(page)) {
        problems.set(fault, [...(problems.get(fault) ?? []), `${name} ${theme}`]);
      }
    };
    const pages = pagesOf(await makeRequest());
    for (const { language, theme, widths } of looks) {
      for (const [name, path] of pages) {
        await setLook(page, { language, theme, width: 1440 });
        await open(path);
        await page.waitForLoadState("networkidle");
        if (language === "en") await judge(name, theme);
        for (const width of widths) {
          const look: Look = { language, theme, width };
          await page.setViewportSize({ width, height: 900 });
          if (await overflowsSideways(page)) tooWide.push(`${name} ${width} ${language} ${theme}`);
          await keepScreenshot(page, name, look);
        }
      }
      if (language === "en") {
        await open("/sign-in");
        await judge("sign-in", theme);
      }
    }
    assert.deepEqual(tooWide, []);
    assert.deepEqual(Object.fromEntries(problems), {});
  },
);

test(
  "no page wrote an error, broke the content security policy, or asked any other place for anything",
  options,
  () => {
    assert.deepEqual(faults.seen, []);
  },
);
