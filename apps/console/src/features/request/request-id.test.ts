import { expect, test } from "vitest";
import { requestIdFrom, shortRequestId } from "./request-id.ts";

const id = "4bf92f3577b34da6a3ce929d0e0e4736";

test("takes a request id in any form", () => {
  const cases: [string, string | undefined][] = [
    [id, id],
    [`  ${id.toUpperCase()}\n`, id],
    [`"${id}",`, id],
    [`00-${id}-00f067aa0ba902b7-01`, id],
    ["4bf92f35-77b3-4da6-a3ce-929d0e0e4736", id],
    [`http://127.0.0.1:8080/requests/${id}?span=1`, id],
    ["a3ce929d0e0e4736", "a3ce929d0e0e4736"],
    ["0xA3CE929D0E0E4736", "a3ce929d0e0e4736"],
    ["11803532876627986230", "11803532876627986230"],
    ["42", "42"],
    ["18446744073709551615", "18446744073709551615"],
    ["18446744073709551616", undefined],
    ["0", undefined],
    ["", undefined],
    ["flight", undefined],
    [id.slice(1), undefined],
  ];
  for (const [text, expected] of cases) expect([text, requestIdFrom(text)]).toEqual([text, expected]);
});

test("shortens an id to its first and last digits", () => {
  expect(shortRequestId(id)).toBe("4bf92f35…4736");
  expect(shortRequestId("42")).toBe("42");
});
