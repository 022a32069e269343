import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { UserError } from "../user-error.ts";
import { requestReload } from "./reload-request.ts";

for (const answer of ["hello\n", "null\n", "{}\n", "x".repeat(70_000)]) {
  test(`a program that is no controller and answers ${answer.slice(0, 8).trim()} is named as such`, async () => {
    const directory = mkdtempSync(join(tmpdir(), "msec-reload-"));
    const path = join(directory, "w.sock");
    const server = createServer((socket) => socket.on("error", () => {}).end(answer));
    try {
      await once(server.listen(path), "listening");
      await assert.rejects(
        requestReload(path, () => assert.fail("there is no worker")),
        (error) => error instanceof UserError && /does not answer as a controller/.test(error.message),
      );
    } finally {
      server.close();
      rmSync(directory, { recursive: true, force: true });
    }
  });
}
