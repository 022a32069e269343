import assert from "node:assert/strict";
import { test } from "node:test";
import { createBalancer, type Route } from "@msec/balance";

const routes: Route[] = [1, 2, 3].map((port) => ({ instanceId: `i${port}`, address: "127.0.0.1", port, weight: 100 }));

/** Figures that a clock, a peer or a forger may bring. */
const figures = [Number.NaN, -1, -1e308, 1e308, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0] as const;

for (const durationMs of figures) {
  test(`R-22 a duration of ${durationMs} poisons no weight: every instance is picked again, with sound numbers`, () => {
    let nowMs = 0;
    let random = 0.1;
    const balancer = createBalancer({
      now: () => nowMs,
      random: () => {
        random = (random * 7.3 + 0.137) % 1;
        return random;
      },
    });
    balancer.update(routes);
    const picked = new Map<string, number>();
    for (let i = 0; i < 5_000; i++) {
      nowMs += 5;
      const route = balancer.pick()!;
      assert.ok(route, "an instance is picked");
      balancer.started(route);
      const isPoisoned = route.instanceId === "i1" && i < 1_500;
      balancer.finished(route, { ok: true, durationMs: isPoisoned ? durationMs : 2, transportFailed: false });
      // An instance that was that slow is probed every 10 s (`probeMaxMs`) at the latest: 12.5 s after the last of them it is back.
      if (i >= 4_000) {
        picked.set(route.instanceId, (picked.get(route.instanceId) ?? 0) + 1);
      }
    }
    for (const explanation of balancer.explain()) {
      for (const [name, value] of Object.entries(explanation)) {
        if (typeof value === "number") {
          assert.ok(Number.isFinite(value) && value >= 0, `${name} ${value}`);
        }
      }
    }
    assert.equal(picked.size, 3, JSON.stringify([...picked]));
    assert.ok(Math.max(...picked.values()) < 800, JSON.stringify([...picked]));
  });
}
