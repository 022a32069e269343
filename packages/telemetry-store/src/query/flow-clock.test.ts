import assert from "node:assert/strict";
import { test } from "node:test";
import { type ClockLine, type ClockSpan, orderLines } from "./flow-clock.ts";

type Saying = ClockLine & { readonly text: string };

/** A calls B, B calls C and then says something; the clocks of B and C are wrong by so many microseconds. */
function request(wrongB: number, wrongC: number): [ClockSpan[], Saying[]] {
  const a = { service: "Web.a", instance: "1:1" };
  const b = { service: "Web.b", instance: "2:1" };
  const c = { service: "Web.c", instance: "3:1" };
  const span = (spanId: string, parentSpanId: string, side: 1 | 2, startUs: number, durationUs: number) => ({
    ...{ spanId, parentSpanId, side, startUs, durationUs },
  });
  const spans = [
    { ...span("a", "", 1, 1_000, 1_000), ...a },
    { ...span("ab", "a", 2, 1_100, 800), ...a },
    { ...span("b", "ab", 1, 1_200 + wrongB, 600), ...b },
    { ...span("bc", "b", 2, 1_300 + wrongB, 300), ...b },
    { ...span("c", "bc", 1, 1_400 + wrongC, 100), ...c },
  ];
  const line = (timeUs: number, spanId: string, text: string, by: { service: string; instance: string }) => ({
    ...{ timeUs, spanId, text, shiftUs: 0 },
    ...by,
  });
  const lines = [
    line(1_050, "a", "1 before the call", a),
    line(1_250 + wrongB, "b", "2 in b", b),
    line(1_450 + wrongC, "c", "3 in c", c),
    line(1_460 + wrongC, "", "4 in c, of no span", c),
    line(1_700 + wrongB, "b", "5 in b, after c", b),
    line(1_950, "a", "6 after the call", a),
  ];
  return [spans, lines.sort((one, two) => one.timeUs - two.timeUs)];
}

test("lines come in the order in which things happened, whatever the clocks of hosts say", () => {
  for (const wrongB of [0, 700, -700, 90_000_000, -90_000_000]) {
    for (const wrongC of [0, 350, -1_500, 90_000_000, -90_000_000]) {
      const [spans, lines] = request(wrongB, wrongC);
      for (const order of [spans, spans.toReversed()]) {
        const texts = orderLines(order, lines).map(({ text }) => text[0]);
        assert.deepEqual(texts, ["1", "2", "3", "4", "5", "6"], `${wrongB} ${wrongC}`);
      }
    }
  }
});

test("clocks that agree are left alone, and lines of unknown spans stay where they are", () => {
  const [spans, lines] = request(0, 0);
  assert.ok(orderLines(spans, lines).every(({ shiftUs }) => shiftUs === 0));
  assert.deepEqual(
    orderLines([], lines).map(({ text }) => text[0]),
    ["1", "2", "3", "4", "5", "6"],
  );
});

test("spans that name each other as parents, and a chain of thousands, are read", () => {
  const { 0: first } = request(0, 0)[0];
  const circle = [
    { ...first!, spanId: "x", parentSpanId: "y", side: 2 as const },
    { ...first!, spanId: "y", parentSpanId: "x" },
  ];
  assert.equal(orderLines(circle, request(0, 0)[1]).length, 6);
  const chain = Array.from({ length: 5_000 }, (_, index) => ({
    ...first!,
    ...{ spanId: String(index), parentSpanId: String(index - 1), side: (index % 2 === 0 ? 1 : 2) as 1 | 2 },
  }));
  assert.equal(orderLines(chain.reverse(), request(0, 0)[1]).length, 6);
});
