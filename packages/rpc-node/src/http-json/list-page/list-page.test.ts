import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { test } from "node:test";
import { fromJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, TypeSchema } from "@bufbuild/protobuf/wkt";
import { MethodTable, type ServiceImplementation } from "@msec/rpc";
import { type Listener, listen } from "../../listen.ts";
import { catalogService, hostileName } from "../../testing/catalog-service.ts";
import { listWords } from "./list-words.ts";
import { requestSkeleton } from "./request-skeleton.ts";

type Answer = { status: number; headers: Record<string, unknown>; text: string };

async function ask(
  { port }: Listener,
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  request({ port, host: "127.0.0.1", path, method, headers, agent: false }, async (response) => {
    let text = "";
    for await (const chunk of response.setEncoding("utf8")) {
      text += chunk;
    }
    resolve({ status: response.statusCode!, headers: response.headers, text });
  })
    .on("error", reject)
    .end();
  return await promise;
}

function serveCatalog(listPage: boolean): Promise<Listener> {
  const catalog = catalogService();
  const handlers = Object.fromEntries(
    catalog.methods.map(({ localName }) => [localName, (item: unknown) => item]),
  ) as ServiceImplementation<typeof catalog>;
  const methods = new MethodTable().add(catalog, handlers);
  return listen({ methods, port: 0, listPage, serviceName: "Shop.catalog<b>" });
}

test("the page shows every method with its idempotency, and types with what they consist of", async () => {
  await using listener = await serveCatalog(true);
  const { status, headers, text } = await ask(listener, "/list");
  assert.equal(status, 200);
  assert.equal(headers["content-type"], "text/html; charset=utf-8");
  for (const part of [
    'id="catalog.Catalog.Get"',
    "no side effects",
    "idempotent",
    "not marked idempotent",
    "server streaming",
    "deprecated",
    "map&lt;string, int32&gt;",
    "oneof worth",
    "repeated",
    "uint64",
    "KIND_TOOL",
    "no fields",
  ]) {
    assert.ok(text.includes(part), part);
  }
  // The stream has no form.
  assert.equal(text.match(/<form /g)?.length, 3);
});

test("a type that contains itself is shown once and then by name", async () => {
  await using listener = await serveCatalog(true);
  const { text } = await ask(listener, "/list");
  // Four methods take an Item, three give one: in each of the seven trees it contains itself, has a second Maker and one Kind.
  assert.equal(text.match(/see above/g)?.length, 7 * 2);
  assert.equal(text.match(/>KIND_TOOL</g)?.length, 7);
});

test("names are text, wherever they come from", async () => {
  await using listener = await serveCatalog(true);
  const { text } = await ask(listener, "/list");
  assert.ok(!text.includes(hostileName) && !text.includes("<b>"));
  assert.ok(text.includes("&lt;img src=x onerror=&quot;"));
  assert.ok(text.includes("Shop.catalog&lt;b&gt;"));
});

test("nothing comes from elsewhere, nothing is inline, and the policy says so", async () => {
  await using listener = await serveCatalog(true);
  const { headers, text } = await ask(listener, "/list");
  const policy = String(headers["content-security-policy"]);
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
  assert.doesNotMatch(text, /<style|<script(?! src="\/list\/page\.js" defer><)|\s(?:style|on\w+)=["']/);
  const links = [...text.matchAll(/(?:src|href)="([^"#][^"]*)"/g)].map((match) => match[1]!);
  assert.deepEqual(links, ["/list/icon.svg", "/list/page.css", "/list/page.js"]);
  for (const [path, type] of [
    ["/list/icon.svg", "image/svg+xml"],
    ["/list/page.css", "text/css; charset=utf-8"],
    ["/list/page.js", "text/javascript; charset=utf-8"],
  ] as const) {
    const answer = await ask(listener, path);
    assert.deepEqual([answer.status, answer.headers["content-type"]], [200, type]);
    assert.equal(answer.headers["x-content-type-options"], "nosniff");
  }
  for (const path of ["/list/", "/list/../list.ts", "/list/list-page.ts", "/list%2f"]) {
    assert.equal((await ask(listener, path)).status, 405, path);
  }
});

test("a HEAD request gets no body, and a POST to /list is a call like any other", async () => {
  await using listener = await serveCatalog(true);
  const head = await ask(listener, "/list", {}, "HEAD");
  assert.deepEqual([head.status, head.text], [200, ""]);
  assert.match((await ask(listener, "/list?methodName=catalog.Catalog.Nope", {}, "POST")).text, /in Shop\.catalog<b>/);
});

test("without listPage there is no page, and nothing of the service is told", async () => {
  await using listener = await serveCatalog(false);
  for (const path of ["/list", "/list/page.js"]) {
    const { status, text } = await ask(listener, path);
    assert.equal(status, 405);
    assert.ok(!text.includes("catalog"));
  }
});

test("a link on another site leads to the page, but another site's script and frame do not", async () => {
  await using listener = await serveCatalog(true);
  const visit = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
  assert.equal((await ask(listener, "/list", visit)).status, 200);
  assert.equal((await ask(listener, "/list", { ...visit, "sec-fetch-dest": "iframe" })).status, 403);
  assert.equal((await ask(listener, "/list", { ...visit, "sec-fetch-mode": "no-cors" })).status, 403);
  assert.equal((await ask(listener, "/list", visit, "POST")).status, 403);
  assert.equal((await ask(listener, "/", visit)).status, 403);
});

test("the language is the one that the browser prefers", async () => {
  for (const [header, language] of [
    [undefined, "en"],
    ["zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"],
    ["zh", "zh-CN"],
    ["en-US,en;q=0.9,zh;q=0.8", "en"],
    ["fr, zh;q=0.5, en;q=0.4", "zh-CN"],
    ["zh;q=0, en;q=0.1", "en"],
    ["de", "en"],
    ["zhx", "en"],
    [`${",".repeat(100_000)}zh`, "en"],
  ] as const) {
    assert.equal(listWords(header).language, language, header);
  }
  await using listener = await serveCatalog(true);
  const { text, headers } = await ask(listener, "/list", { "accept-language": "zh-CN,zh;q=0.9" });
  assert.ok(text.includes('<html lang="zh-CN">') && text.includes("调用"));
  assert.equal(headers.vary, "accept-language");
});

test("a skeleton has every field once, ends where a type contains itself, and is a message as it stands", () => {
  const item = catalogService().methods[0]!.input;
  const skeleton = JSON.parse(requestSkeleton(item));
  assert.deepEqual(skeleton, {
    id: "0",
    kind: "KIND_UNSPECIFIED",
    maker: { name: "" },
    former_maker: { name: "" },
    stock: { key: 0 },
    price: 0,
    tags: [""],
    [hostileName]: "",
  });
  for (const desc of [item, FileDescriptorSetSchema, TypeSchema]) {
    fromJson(desc, JSON.parse(requestSkeleton(desc)));
  }
});

test("the colours and fonts are the console's", () => {
  const own = readFileSync(new URL("page.css", import.meta.url), "utf8");
  const root = new URL("../../../../../", import.meta.url);
  const tokens = readFileSync(new URL("apps/console/src/ui/tokens.css", root), "utf8");
  const block = (css: string, start: string) => css.split(start)[1]!.split("}")[0]!;
  const properties = (text: string) =>
    new Map(
      [...text.matchAll(/--([a-z0-9-]+):\s*([^;]+);/g)].map((match) => [match[1]!, match[2]!.replace(/\s+/g, " ")]),
    );
  const shared = properties(tokens.split("\n:root {\n")[1]!);
  for (const [ours, theirs] of [
    [block(own, ":root {"), ':root[data-theme="light"] {'],
    [block(own.split("prefers-color-scheme: dark")[1]!, ":root {"), ':root[data-theme="dark"] {'],
  ] as const) {
    const console = new Map([...shared, ...properties(block(tokens, theirs))]);
    for (const [name, value] of properties(ours)) {
      if (name !== "on-accent") {
        assert.equal(value, console.get(name), name);
      }
    }
  }
});
