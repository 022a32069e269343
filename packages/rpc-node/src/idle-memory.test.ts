import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { getHeapSpaceStatistics } from "node:v8";
import { IdleMemory } from "./idle-memory.ts";

test("an idle process gives its young generation back after many connections were opened, and keeps it after few", async () => {
  const memory = new IdleMemory({ connections: 10, periodMs: 20 });
  const grown = growYoungGeneration();
  for (let opened = 0; opened < 9; opened++) {
    memory.opened();
  }
  await setTimeout(100);
  assert.ok(youngBytes() >= grown);
  memory.opened();
  while (youngBytes() >= grown / 2) {
    await setTimeout(10);
  }
  memory.close();
});

function growYoungGeneration(): number {
  const kept: unknown[] = [];
  while (youngBytes() < 8e6) {
    kept.push(Array.from({ length: 100 }, (_, index) => ({ index })));
  }
  return youngBytes();
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")!.space_size;
}
