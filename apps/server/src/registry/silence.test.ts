import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decideSilence, silentSinceMs, type WatchedInstance } from "./silence.ts";

const limits = { shownMs: 15_000, graceMs: 60_000 };
const startMs = 1_000_000;

const instance = (id: string, more: Partial<WatchedInstance> = {}): WatchedInstance => ({
  id,
  service: "Flight.mod_flight",
  heardMs: undefined,
  routedMs: 0,
  isWithheld: false,
  reports: true,
  ...more,
});
const decide = (nowMs: number, instances: WatchedInstance[], presentMs = startMs) =>
  decideSilence(instances, nowMs, presentMs, limits);

describe("silent instances", () => {
  it("are shown after three missed reports and leave after the grace period, not before", () => {
    const quiet = instance("a", { heardMs: startMs + 5_000 });
    const loud = (nowMs: number) => instance("b", { heardMs: nowMs - 1_000 });
    const since = (nowMs: number) => silentSinceMs(quiet, nowMs, startMs, limits);
    assert.equal(since(startMs + 20_000), 0);
    assert.equal(since(startMs + 20_001), startMs + 5_000);
    for (const [nowMs, withhold] of [
      [startMs + 65_000, []],
      [startMs + 65_001, ["a"]],
    ] as const) {
      assert.deepEqual(decide(nowMs, [quiet, loud(nowMs)]), { withhold, putBack: [] });
    }
  });

  it("return as soon as they are heard again", () => {
    const nowMs = startMs + 100_000;
    const back = instance("a", { isWithheld: true, heardMs: nowMs - 1 });
    const silent = instance("b", { isWithheld: true, heardMs: nowMs - 90_000 });
    const others = ["c", "d"].map((id) => instance(id, { heardMs: nowMs }));
    assert.deepEqual(decide(nowMs, [back, silent, ...others]), { withhold: [], putBack: ["a"] });
  });

  it("never leave a service with less than half, and the longest silent go first", () => {
    const nowMs = startMs + 500_000;
    for (const [count, gone] of [
      [1, []],
      [2, ["i0"]],
      [3, ["i0"]],
      [5, ["i0", "i1"]],
    ] as const) {
      const all = Array.from({ length: count }, (_, index) => instance(`i${index}`, { heardMs: startMs + index }));
      assert.deepEqual(decide(nowMs, all).withhold, gone, `${count} instances`);
    }
    // One is left out already: of five one more may go.
    const rest = [1, 2, 3, 4].map((index) => instance(`i${index}`, { heardMs: startMs + index }));
    const before = instance("i0", { isWithheld: true });
    assert.deepEqual(decide(nowMs, [before, ...rest]), { withhold: ["i1"], putBack: [] });
  });

  it("return, the last silent first, where operators took so many others out that less than half would be left", () => {
    const nowMs = startMs + 500_000;
    const withheld = [1, 2].map((index) => instance(`i${index}`, { isWithheld: true, heardMs: startMs + index }));
    assert.deepEqual(decide(nowMs, [...withheld, instance("c", { heardMs: nowMs })]), {
      withhold: [],
      putBack: ["i2"],
    });
  });

  it("count their silence from the server's own return, and stay out until they are really heard", () => {
    // The server was away for an hour: what it heard before is old, and nobody is to blame.
    const all = ["a", "b", "c"].map((id) => instance(id, { heardMs: startMs - 3_600_000 }));
    const outAlready = instance("d", { isWithheld: true });
    assert.deepEqual(decide(startMs + 60_000, [...all, outAlready]), { withhold: [], putBack: [] });
    assert.deepEqual(decide(startMs + 60_001, [...all, outAlready]).withhold, ["a"]);
    assert.equal(silentSinceMs(all[0]!, startMs + 20_000, startMs, limits), startMs);
  });

  it("are counted from when they came into routing, where nobody has heard of them at all", () => {
    const fresh = instance("a", { routedMs: startMs + 200_000 });
    const other = (nowMs: number) => instance("b", { heardMs: nowMs });
    assert.deepEqual(decide(startMs + 260_000, [fresh, other(startMs + 260_000)]).withhold, []);
    assert.deepEqual(decide(startMs + 260_001, [fresh, other(startMs + 260_001)]).withhold, ["a"]);
  });

  it("are none of those that nobody reports of: external ones", () => {
    const all = ["a", "b"].map((id) => instance(id, { reports: false }));
    assert.deepEqual(decide(startMs + 1e9, all), { withhold: [], putBack: [] });
  });
});
