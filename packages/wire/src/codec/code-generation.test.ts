import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

/** Encode and decode a message in a process of its own, whose globals `prepare` changes before the package is loaded. */
async function roundTrip(prepare: string, options: readonly string[] = []) {
  const script = `
    ${prepare}
    const { compileCodec, Writer } = await import(${JSON.stringify(new URL("../index.ts", import.meta.url).href)});
    const { TreeSchema } = await import(${JSON.stringify(new URL("../../gen/proto3_pb.js", import.meta.url).href)});
    let forbidden = false;
    try { new Function("return 1"); } catch { forbidden = true; }
    const codec = compileCodec(TreeSchema);
    const writer = new Writer();
    const tree = { name: "n".repeat(60), children: [{ name: "c".repeat(5000) }, { name: "航班".repeat(20) }, { name: "é" }] };
    codec.encode(tree, writer);
    const decoded = codec.decode(writer.bytes, 0, writer.position);
    console.log(JSON.stringify({ forbidden, buffer: typeof Buffer, tree: decoded }));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, [...options, "--input-type=module", "--eval", script]);
  const result = JSON.parse(stdout);
  assert.equal(result.tree.name, "n".repeat(60));
  assert.deepEqual(
    result.tree.children.map((child: { name: string }) => child.name),
    ["c".repeat(5000), "航班".repeat(20), "é"],
  );
  return result;
}

test("works, by the library, where code generation is forbidden", async () => {
  const { forbidden } = await roundTrip("", ["--disallow-code-generation-from-strings"]);
  assert.equal(forbidden, true);
});

test("works without Node's Buffer, as in a browser", async () => {
  const { forbidden, buffer } = await roundTrip("delete globalThis.Buffer;");
  assert.equal(forbidden, false);
  assert.equal(buffer, "undefined");
});
