import { join } from "node:path";
import { mock, test } from "node:test";
import { LocalService } from "@msec/api/agent/v1/local_pb.js";
import { connect } from "./connect.ts";
import { eventually, TestingAgent, temporaryDirectory } from "./testing-agent.ts";

test("what is recorded after the host's clock was set says the new time, not that of when the process began", async (t) => {
  const hourMs = 3_600_000;
  const realNow = Date.now;
  mock.method(Date, "now", () => realNow() + hourMs);
  t.after(() => mock.restoreAll());
  await using directory = await temporaryDirectory();
  await using agent = await new TestingAgent(join(directory.path, "agent.sock")).start();
  // A table without an instance: the record of a call that found none is made by the program itself.
  agent.setRoutes("Test.absent", []);
  const program = connect({ name: "Test.caller", agent: agent.path, stopOnSignal: false, onNotice: () => {} });
  // Again and again: a process compares its clocks once a second, and another test of it may have had that done just before.
  const recording = setInterval(() => {
    program.count("seen");
    program.log.remote.error("hello");
    program
      .call(LocalService, "Test.absent")
      .getStatus({})
      .catch(() => {});
  }, 50);
  try {
    const timesMs = () => {
      const all = { lines: [] as number[], spans: [] as number[], samples: [] as number[] };
      for (const { logs, spans, samples } of agent.batches) {
        all.lines.push(...(logs?.timeUs ?? []).map((us) => us / 1_000));
        all.spans.push(...(spans?.startUs ?? []).map((us) => us / 1_000));
        all.samples.push(...(samples?.timeS ?? []).map((s) => s * 1_000));
      }
      return Object.values(all);
    };
    const isNew = (ms: number | undefined) => ms !== undefined && Math.abs(ms - realNow() - hourMs) < hourMs / 2;
    await eventually(
      () => timesMs().every((times) => isNew(times.at(-1))),
      "a line, a span and a counter of the new time reach the agent",
    );
  } finally {
    clearInterval(recording);
    await program.close();
  }
});
