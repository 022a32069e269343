import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { CapacityService, OperationState } from "@msec/api/console/v1/capacity_pb.js";
import { RegistryService } from "@msec/api/console/v1/registry_pb.js";
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
import { findFreePorts } from "./free-ports.ts";
import { operatorClient } from "./operator-api.ts";
import { startSystem, type TestSystem } from "./system.ts";

const options = noBrowser === undefined ? {} : { skip: noBrowser };
const service = "Flight.mod_flight";
const path = `/services/${service}`;

let system: TestSystem;
let browser: Browser;
let page: Page;
let faults: Faults;
let added: string;
before(async () => {
  if (noBrowser !== undefined) return;
  [system, browser] = await Promise.all([startSystem({ trafficPerSecond: 50 }), startBrowser()]);
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-US" });
  context.setDefaultTimeout(120_000);
  faults = await watchFaults(context, system.consoleUrl);
  page = await context.newPage();
  await page.goto(system.signInUrl);
  await page.locator("h1", { hasText: "Services" }).waitFor();
});
after(async () => {
  await browser?.close();
  await system?.[Symbol.asyncDispose]();
});

async function open(to: string): Promise<void> {
  await openPage(page, system.consoleUrl + to);
}

const button = (name: string) => page.getByRole("button", { name, exact: true });
const dialogButton = (name: string) => page.getByRole("dialog").getByRole("button", { name, exact: true });
const instanceRow = (address: string) =>
  page.getByRole("table", { name: "Instances", exact: true }).getByRole("row").filter({ hasText: address });

async function storedService() {
  const answer = await operatorClient(system, RegistryService).getService({ name: service });
  return answer.service ?? assert.fail("the service is gone");
}

test("an instance is added on the service's page, starts, and is out of routing", options, async () => {
  const [port] = await findFreePorts(1);
  added = `127.0.0.1:${port}`;
  await open(path);
  await button("Add instance").click();
  await page.getByLabel("Port", { exact: true }).fill(String(port));
  await page.getByLabel("Weight").fill("150");
  assert.deepEqual(await findAccessibilityFaults(page), []);
  await dialogButton("Add instance").click();
  await instanceRow(added).getByText("running").waitFor();
  assert.equal(
    await page.getByRole("switch", { name: `${added} in routing` }).getAttribute("aria-checked"),
    "false",
    "nothing calls it before it is taken in",
  );
  const instance = (await storedService()).instances.find((one) => one.port === port);
  assert.deepEqual([instance?.weight, instance?.inRouting], [150, false]);
});

test(
  "it is taken in by its switch, and out on the capacity page, whose progress ends when nobody calls it",
  options,
  async () => {
    await page.getByRole("switch", { name: `${added} in routing` }).click();
    await page.getByText("Take in 1 instance: done").waitFor();
    await waitUntil(
      "it serves calls",
      async () =>
        /serves [1-9]/.test(
          (await instanceRow(added)
            .getByLabel(/calls per second/)
            .getAttribute("aria-label")) ?? "",
        ),
      120_000,
    );

    await open("/capacity");
    await button(`Instances of ${service}`).click();
    await page.getByRole("checkbox", { name: `Select ${added}` }).check();
    await button("Take out").click();
    await page.getByLabel("Each step at most").fill("40");
    await dialogButton("Take out").click();
    const progress = page.getByRole("region", { name: "Take out 1 instance" });
    await progress.getByText(/of 1 hosts use route version|in flight|agent's report/).waitFor();
    await page.getByText("Take out 1 instance: done").waitFor();
    const { operations } = await operatorClient(system, CapacityService).listOperations({ service });
    const [newest] = operations;
    assert.deepEqual(
      [newest?.state, newest?.stepTimeoutMs, newest?.startedBy, newest?.instances[0]?.hostsAcknowledged],
      [OperationState.DONE, 40_000, userInfo().username, 1],
    );
  },
);

test(
  "an operation that waits for a host that hears nothing is cancelled, or gives up in its time and says so in both languages",
  options,
  async () => {
    const agent = JSON.parse(readFileSync(join(system.state, "run/agent.json"), "utf8")) as { pid: number };
    // As a host whose network is gone: it stays connected and takes nothing over.
    process.kill(agent.pid, "SIGSTOP");
    try {
      await open(path);
      await page.getByRole("checkbox", { name: `Select ${added}` }).check();
      await button("Take in").click();
      // Where it was silent for too long already, or is so while the dialog is open, it is not seen to run.
      await waitUntil("it is taken in", async () => {
        const force = page.getByRole("dialog").getByRole("checkbox");
        if ((await force.count()) > 0) await force.check({ timeout: 5_000 });
        await dialogButton("Take in").click({ timeout: 5_000 });
        return true;
      });
      const progress = page.getByRole("region", { name: "Take in 1 instance" });
      await progress.getByText(/0 of 1 hosts use route version \d+/).waitFor();
      await progress.getByRole("button", { name: "Cancel" }).click();
      await dialogButton("Give it up").click();
      await page.getByText("Take in 1 instance: cancelled").waitFor();

      await page.getByRole("checkbox", { name: `Select ${added}` }).check();
      await button("Take out").click();
      await page.getByLabel("Each step at most").fill("1");
      await dialogButton("Take out").click();
      await page.getByText("Take out 1 instance: timed out").waitFor();
      await page
        .getByText(`${added}: Gave up after 1 s; it is out of routing now.`, { exact: false })
        .first()
        .waitFor();
      await setLook(page, { language: "zh", theme: "light", width: 1440 });
      await open(path);
      await page.getByText(`${added}: 1 秒后放弃；现在已不在路由中。`, { exact: false }).first().waitFor();
      await setLook(page, { language: "en", theme: "light", width: 1440 });
    } finally {
      process.kill(agent.pid, "SIGCONT");
    }
    const states = (await operatorClient(system, CapacityService).listOperations({ service })).operations;
    assert.deepEqual(
      states.slice(0, 2).map(({ state, stepTimeoutMs }) => [state, stepTimeoutMs]),
      [
        [OperationState.TIMED_OUT, 1_000],
        [OperationState.CANCELLED, 60_000],
      ],
    );
    await open("/hosts");
    await page.getByText(/1 of 1 hosts have applied version \d+/).waitFor();
  },
);

test("all instances are taken out with force, and in again", options, async () => {
  await open(path);
  await page.getByRole("checkbox", { name: "Select all instances" }).check();
  await button("Take out").click();
  // A click while the dialog still moves may be lost on a busy machine; the next look makes another.
  await waitUntil("force is chosen", async () => {
    await page.getByRole("dialog").getByRole("checkbox").check();
    return true;
  });
  await dialogButton("Take out").click();
  await page.getByText(/Take out \d instances: done/).waitFor();
  assert.equal((await storedService()).instances.filter(({ inRouting }) => inRouting).length, 0);
  for (const { address, port } of (await storedService()).instances) {
    if (`${address}:${port}` === added) continue;
    await page.getByRole("switch", { name: `${address}:${port} in routing` }).click();
  }
  await waitUntil(
    "both are in again",
    async () => (await storedService()).instances.filter(({ inRouting }) => inRouting).length === 2,
  );
});

test("an opened host shows all of its processes, live, those of services with their names", options, async () => {
  await open("/capacity?view=hosts");
  await page.getByRole("button", { name: /^Processes of/ }).click();
  const table = page.getByRole("table", { name: "All processes, live" });
  await table.getByRole("row").filter({ hasText: service }).first().waitFor();
  await table.getByRole("row").filter({ hasText: "node" }).first().waitFor();
  assert.deepEqual(await findAccessibilityFaults(page), []);
  const read = async () => (await table.innerText()).replaceAll(/\s+/g, " ");
  const before = await read();
  assert.doesNotMatch(before, /--state|main\.ts/, "no arguments");
  await waitUntil("the figures are other ones", async () => (await read()) !== before);
  await keepScreenshot(page, "capacity-processes", { language: "en", theme: "light", width: 1440 });
});

test("taking all out asks for force and says what it does; nothing happens without it", options, async () => {
  await open(path);
  await page.getByRole("checkbox", { name: "Select all instances" }).check();
  await button("Take out").click();
  await page.getByText(`This would leave ${service} without an instance in routing`, { exact: false }).waitFor();
  assert.equal(await dialogButton("Take out").isDisabled(), true);
  await dialogButton("Cancel").click();
  assert.equal((await storedService()).instances.filter(({ inRouting }) => inRouting).length, 2);
});

test("what is out of routing is removed", options, async () => {
  await open(path);
  await page.getByRole("checkbox", { name: `Select ${added}` }).check();
  await button("Remove").click();
  await dialogButton("Remove").click();
  await waitUntil("it is gone", async () => (await storedService()).instances.length === 2);
  await instanceRow(added).waitFor({ state: "detached" });
});

test(
  "the routing policy is changed, refuses what is out of range, and goes back to the defaults",
  options,
  async () => {
    await open(`${path}/policy`);
    await page.getByText("Weighted round robin", { exact: false }).first().click();
    const override = page.getByLabel("Override of ejectBaseMs");
    await override.fill("5");
    await override.press("Tab");
    assert.equal(await button("Save").isDisabled(), true, "10 to 60,000");
    await override.fill("250");
    await override.press("Tab");
    await button("Save").click();
    await page.getByText("Saved. Callers use it within seconds", { exact: false }).first().waitFor();
    const { policy } = await storedService();
    assert.deepEqual([policy?.name, policy?.constants], ["weighted-round-robin", { ejectBaseMs: 250 }]);
    await button("Back to the defaults").click();
    await dialogButton("Back to the defaults").click();
    await waitUntil("the defaults", async () => (await storedService()).policy === undefined);
  },
);

test("a host's zone is set on the hosts page", options, async () => {
  await open("/hosts");
  await page.getByRole("button", { name: /^Zone of/ }).click();
  await page.getByRole("textbox", { name: "Zone" }).fill("az1");
  await dialogButton("Save").click();
  await page
    .getByRole("button", { name: /^Zone of/ })
    .filter({ hasText: "az1" })
    .waitFor();
  await page.getByText(/1 of 1 hosts have applied version \d+/).waitFor();
});

test("an external service is added with its addresses, and removed when it has none", options, async () => {
  await open("/services");
  await page.locator("h1", { hasText: "Services" }).waitFor();
  await button("Add service").click();
  await page.getByRole("textbox", { name: "Name" }).fill("Cache.main");
  await page.getByRole("combobox", { name: "Kind" }).click();
  await page.getByText("External: only registers addresses").last().click();
  await page.getByLabel("Default port").fill("6379");
  await dialogButton("Add service").click();
  await page.locator("h1", { hasText: "Cache.main" }).waitFor();
  await button("Add instance").click();
  await page.getByRole("textbox", { name: "ip:port" }).fill("10.9.8.7; 10.9.8.8:6380");
  await dialogButton("Add instance").click();
  await instanceRow("10.9.8.8:6380").waitFor();
  await page.getByRole("checkbox", { name: "Select all instances" }).check();
  await button("Remove").click();
  await dialogButton("Remove").click();
  await page.getByText("No instances", { exact: true }).waitFor();
  await button("Remove service").click();
  await dialogButton("Remove service").click();
  await page.locator("h1", { hasText: "Services" }).waitFor();
});

const looks = [
  { language: "en", theme: "light" },
  { language: "zh", theme: "dark" },
] as const;
const widths = [1440, 1024] as const;
const pages: Readonly<Record<string, string>> = {
  capacity: "/capacity",
  "capacity-hosts": "/capacity?view=hosts",
  "capacity-operations": "/capacity?view=operations",
  "capacity-above": "/capacity?view=hosts&above=80&resource=memory",
  hosts: "/hosts",
  policy: `${path}/policy`,
};

test("the pages fit their windows, and axe-core finds nothing wrong with them", options, async () => {
  const problems: string[] = [];
  for (const { language, theme } of looks) {
    for (const [name, to] of Object.entries(pages)) {
      await setLook(page, { language, theme, width: 1440 });
      await open(to);
      await page.waitForLoadState("networkidle");
      for (const fault of await findAccessibilityFaults(page)) problems.push(`${name} ${language} ${theme} ${fault}`);
      for (const width of widths) {
        const look: Look = { language, theme, width };
        await page.setViewportSize({ width, height: 900 });
        if (await overflowsSideways(page)) problems.push(`${name} ${width} ${language} overflows`);
        await keepScreenshot(page, name, look);
      }
    }
  }
  assert.deepEqual(problems, []);
});

test("no page wrote an error or asked any other place for anything", options, () => {
  assert.deepEqual(faults.seen, []);
});
