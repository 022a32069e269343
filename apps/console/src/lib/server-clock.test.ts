import { expect, test } from "vitest";
import { clockOffset } from "./server-clock.ts";

test("follows a server whose clock differs by more than the header can tell", () => {
  const header = "Sun, 22 Nov 2026 12:00:00 GMT";
  const server = Date.parse(header);
  expect(clockOffset(header, server - 60_000)).toBe(60_500);
  expect(clockOffset(header, server + 60_000)).toBe(-59_500);
});

test("takes clocks that agree within the header's second for equal, and needs no header", () => {
  const header = "Sun, 22 Nov 2026 12:00:00 GMT";
  expect(clockOffset(header, Date.parse(header) + 1900)).toBe(0);
  expect(clockOffset(null, 5)).toBe(0);
  expect(clockOffset("soon", 5)).toBe(0);
});
