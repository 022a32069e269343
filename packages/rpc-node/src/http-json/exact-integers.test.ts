import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { MethodTable, type ServiceImplementation } from "@msec/rpc";
import { listen } from "../listen.ts";
import { catalogService } from "../testing/catalog-service.ts";
import { callHttpJson } from "./call-http-json.ts";

test("integers of 64 bits without quotes arrive, and come back, as they were written, over HTTP+JSON and Connect", async () => {
  const catalog = catalogService();
  const seen: unknown[] = [];
  const put = (item: { id: bigint; parts: { id: bigint }[] }) => {
    seen.push(item.id, item.parts[0]!.id);
    return item;
  };
  const handlers = Object.fromEntries(catalog.methods.map(({ localName }) => [localName, put]));
  const methods = new MethodTable().add(catalog, handlers as unknown as ServiceImplementation<typeof catalog>);
  await using listener = await listen({ methods, port: 0 });
  const body = '{"id":18446744073709551615,"parts":[{"id":9007199254740993}]}';
  for (const path of ["/?methodName=catalog.Catalog.Put", "/catalog.Catalog/Put"]) {
    const answer = await fetch(`http://127.0.0.1:${listener.port}${path}`, {
      method: "POST",
      body,
      headers: { "content-type": "application/json", connection: "close" },
    });
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /"9007199254740993"/);
  }
  assert.deepEqual(seen, [2n ** 64n - 1n, 2n ** 53n + 1n, 2n ** 64n - 1n, 2n ** 53n + 1n]);
  const refused = await fetch(`http://127.0.0.1:${listener.port}/?methodName=catalog.Catalog.Put`, {
    method: "POST",
    body: '{"id":9007199254740993.5}',
    headers: { connection: "close" },
  });
  assert.match(await refused.text(), /"ret":-5, "errmsg":"[^"]*catalog\.Item\.id: expected an integer of 64 bits/);
});

test("an answer's integers that a number would change are strings of their digits", async () => {
  // As the original's servers write them, and others in any language.
  const answer =
    '{"ret":0,"errmsg":"","resultObj":{"a":[9007199254740993,-9007199254740993],"b":9007199254740992,"c":1e300,"d":12.5}}';
  const server = createServer((_request, response) => response.end(answer)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const { resultObj } = await callHttpJson({ address: "127.0.0.1", port }, { method: "any", json: {} });
  assert.deepEqual(resultObj, { a: ["9007199254740993", "-9007199254740993"], b: 2 ** 53, c: 1e300, d: 12.5 });
  server.close();
});
