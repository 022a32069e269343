import { PassThrough } from "node:stream";
import { createLog, type Log } from "@msec/process";

/** A log that keeps its lines for the test. */
export function quietLog(): { readonly log: Log; readonly lines: () => Record<string, unknown>[] } {
  const to = new PassThrough();
  let text = "";
  to.on("data", (chunk) => {
    text += chunk;
  });
  return {
    log: createLog({ name: "test", level: "debug", to }),
    lines: () => (text + (to.read() ?? "")).split("\n").flatMap((line) => (line === "" ? [] : JSON.parse(line))),
  };
}
