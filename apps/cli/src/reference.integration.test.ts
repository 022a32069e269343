import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkout } from "./checkout.ts";
import { messagesIn } from "./messages/messages.ts";
import { styleOf } from "./output/style.ts";
import { createProgram } from "./program.ts";
import { commandReference } from "./reference.ts";

test("docs/reference/commands.md has every command as its help has it (MSEC_WRITE=1 writes it anew)", async () => {
  const file = join(checkout, "docs/reference/commands.md");
  const silent = { out: () => {}, err: () => {}, interactive: false, color: false };
  const context = {
    ...{ terminal: silent, style: styleOf(silent), messages: messagesIn("en") },
    ...{ environment: {}, workingDirectory: "/" },
  };
  const program = await createProgram(context, "0", []);
  const text = readFileSync(file, "utf8");
  const head = text.slice(0, text.indexOf("\n## "));
  const expected = `${head}\n${commandReference(program)}`;
  if (process.env.MSEC_WRITE === "1") writeFileSync(file, expected);
  else assert.equal(text, expected);
});
