import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArguments } from "./arguments.ts";

test("the command line is read strictly", () => {
  assert.deepEqual(parseArguments(["--state", "/s", "--config", "/c.ini", "--stop-instances"]), {
    config: "/c.ini",
    state: "/s",
    enrollTokenFile: undefined,
    stopInstances: true,
    readyJson: false,
  });
  assert.throws(() => parseArguments([]), /UserError: --state is missing/);
  assert.throws(() => parseArguments(["--stat", "/s"]), {
    message: "there is no option --stat",
    hint: "did you mean --state? options: --config, --state, --enroll-token-file, --stop-instances, --ready-json",
  });
  assert.throws(() => parseArguments(["--state", "/s", "extra"]), /extra/);
});
