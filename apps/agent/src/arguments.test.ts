import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArguments, usage } from "./arguments.ts";

test("the command line is read strictly", () => {
  assert.deepEqual(parseArguments(["--state", "/s", "--config", "/c.ini", "--stop-instances"]), {
    config: "/c.ini",
    state: "/s",
    enrollTokenFile: undefined,
    stopInstances: true,
    readyJson: false,
    help: false,
  });
  assert.throws(() => parseArguments([]), /UserError: --state is missing/);
  assert.throws(() => parseArguments(["--stat", "/s"]), {
    message: "there is no option --stat",
    hint: "did you mean --state? options: --config, --state, --enroll-token-file, --stop-instances, --ready-json, --help",
  });
  assert.throws(() => parseArguments(["--state", "/s", "extra"]), /extra/);
  assert.equal(parseArguments(["--help"]).help, true);
  for (const flag of Object.keys(parseArguments(["--help"]))) {
    const option = flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    assert.ok(flag === "help" || usage.includes(`--${option} `), flag);
  }
});
