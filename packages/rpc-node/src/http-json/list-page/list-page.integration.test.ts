import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import { Code, MethodTable, RpcError, type ServiceImplementation } from "@msec/rpc";
import { type Browser, type BrowserContextOptions, chromium, type Page, type Request } from "playwright-core";
import { type Listener, listen } from "../../listen.ts";
import { catalogService, hostileName } from "../../testing/catalog-service.ts";

const executablePath = "/usr/bin/chromium";
const skip =
  !existsSync(executablePath) && "Debian's chromium is not installed: the page /list was not tried in a browser";

let browser: Browser;
let listener: Listener;

before(async () => {
  if (skip) {
    return;
  }
  const catalog = catalogService();
  const handlers = {
    get: (item: { id: bigint }) => ({ ...item, kind: 1, tags: ["<script>document.title='broken'</script>", "it's"] }),
    put: (item: object) => item,
    fail: () => {
      throw new RpcError(Code.NotFound, "no <b>item</b> here");
    },
    async *watch() {},
  } as unknown as ServiceImplementation<typeof catalog>;
  listener = await listen({
    methods: new MethodTable().add(catalog, handlers),
    port: 0,
    listPage: true,
    serviceName: "Shop.catalog",
  });
  // Tests run as root in containers, where Chromium's own sandbox cannot be set up; it visits nothing but this listener.
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
});

after(async () => {
  await browser?.close();
  await listener?.close({ graceMs: 0 });
});

/** The page in a window of its own, and what the browser complains of. */
async function open(options: BrowserContextOptions = {}): Promise<{ page: Page; faults: string[] }> {
  const context = await browser.newContext({ locale: "en-US", ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  // Somebody on this machine made or removed a network interface: Chromium gives up what is on its way.
  const changed = "net::ERR_NETWORK_CHANGED";
  page.on("console", (message) => message.text().includes(changed) || faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("requestfailed", (request) => {
    if (request.failure()?.errorText !== changed) faults.push(`failed: ${request.url()}`);
  });
  for (;;) {
    let isGivenUp = false;
    const note = (request: Request) => {
      if (request.failure()?.errorText === changed) isGivenUp = true;
    };
    page.on("requestfailed", note);
    await page.goto(`http://127.0.0.1:${listener.port}/list`).catch((error: unknown) => {
      if (!isGivenUp) throw error;
    });
    page.off("requestfailed", note);
    if (!isGivenUp) return { page, faults };
  }
}

test("a method is called from its form, and the answer is shown as text", { skip, timeout: 180_000 }, async () => {
  const { page, faults } = await open();
  const form = page.locator('form[data-method="catalog.Catalog.Get"]');
  const skeleton = JSON.parse(await form.locator("textarea").inputValue());
  assert.equal(skeleton[hostileName], "");
  await form.locator("textarea").fill('{"id": "18446744073709551615"}');
  await form.locator("textarea").press("Control+Enter");
  await form.locator(".answer:not([hidden])").waitFor();
  const shown = JSON.parse(await form.locator(".result").innerText());
  assert.equal(shown.id, "18446744073709551615");
  assert.equal(shown.kind, "KIND_TOOL");
  assert.equal(shown.tags[0], "<script>document.title='broken'</script>");
  assert.equal(await form.locator(".ret").innerText(), "0");
  assert.match(await form.locator(".id").innerText(), /^[0-9a-f]{32}$/);
  assert.match(await form.locator(".took").innerText(), /^\d+\.\d ms$/);
  assert.equal(await page.title(), "Shop.catalog · Methods of this service");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("an error shows its return code, its code and its message, and what is no JSON is not sent", {
  skip,
  timeout: 180_000,
}, async () => {
  const { page, faults } = await open();
  const form = page.locator('form[data-method="catalog.Catalog.Fail"]');
  await form.locator("textarea").fill("{}");
  await form.getByRole("button", { name: "Call" }).click();
  await form.locator(".answer.failed").waitFor();
  assert.equal(await form.locator(".ret").innerText(), "-18 NotFound");
  assert.equal(await form.locator(".result").innerText(), "no <b>item</b> here");
  const sent: string[] = [];
  page.on("request", (request) => sent.push(request.url()));
  await form.locator("textarea").fill("{");
  await form.getByRole("button", { name: "Call" }).click();
  await form.getByText("This is not JSON").waitFor();
  assert.deepEqual(sent, []);
  await form.getByRole("button", { name: "Start over" }).click();
  assert.ok(await form.locator(".answer").isHidden());
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("the curl command is the call that the form makes, whatever is in it", { skip, timeout: 180_000 }, async () => {
  const { page } = await open();
  const form = page.locator('form[data-method="catalog.Catalog.Get"]');
  await form.locator("textarea").fill(`{"tags": ["it's $HOME"]}`);
  const command = await form.locator(".command pre").textContent();
  assert.equal(
    command,
    `curl -sS 'http://127.0.0.1:${listener.port}/?methodName=catalog.Catalog.Get' \\\n  --data-raw '{"tags": ["it'\\''s $HOME"]}'`,
  );
  await page.context().close();
});

test("the page fits into windows of 1440 and 1024, light and dark, in English and in Chinese", {
  skip,
  timeout: 180_000,
}, async () => {
  const backgrounds = new Set<string>();
  for (const width of [1440, 1024]) {
    for (const [colorScheme, locale, call] of [
      ["light", "en-US", "Call"],
      ["dark", "zh-CN", "调用"],
    ] as const) {
      const { page, faults } = await open({ viewport: { width, height: 900 }, colorScheme, locale });
      assert.equal(await page.locator("button[type=submit]").first().innerText(), call);
      // What runs in the page is text: its types are the browser's, not those of this program.
      assert.equal(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true);
      backgrounds.add(await page.evaluate("getComputedStyle(document.body).backgroundColor"));
      assert.deepEqual(faults, []);
      await page.context().close();
    }
  }
  assert.deepEqual([...backgrounds], ["rgb(245, 245, 243)", "rgb(15, 17, 19)"]);
});
