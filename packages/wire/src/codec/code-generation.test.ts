import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

test("works, by the library, where code generation is forbidden", async () => {
  const script = `
    import { compileCodec, Writer } from ${JSON.stringify(new URL("../index.ts", import.meta.url).href)};
    import { TreeSchema } from ${JSON.stringify(new URL("../../gen/proto3_pb.js", import.meta.url).href)};
    let forbidden = false;
    try { new Function("return 1"); } catch { forbidden = true; }
    const codec = compileCodec(TreeSchema);
    const writer = new Writer();
    codec.encode({ name: "n", children: [{ name: "c" }] }, writer);
    const tree = codec.decode(writer.bytes, 0, writer.position);
    console.log(JSON.stringify({ forbidden, tree }));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--disallow-code-generation-from-strings",
    "--input-type=module",
    "--eval",
    script,
  ]);
  const { forbidden, tree } = JSON.parse(stdout);
  assert.equal(forbidden, true);
  assert.equal(tree.name, "n");
  assert.equal(tree.children[0].name, "c");
});
