import assert from "node:assert/strict";
import { test } from "node:test";
import { inPlaces, placesFromMinutes } from "./flow-places.ts";

test("puts minutes that follow each other together, and others apart", () => {
  const places = placesFromMinutes([
    { second: 60, service: "A.b" },
    { second: 60, service: "C.d" },
    { second: 120, service: "A.b" },
    { second: 3_600, service: "C.d" },
  ]);
  assert.deepEqual(places, [
    { services: ["A.b", "C.d"], fromS: 60, toS: 180 },
    { services: ["C.d"], fromS: 3_600, toS: 3_660 },
  ]);
  const { sql, params } = inPlaces(places, "start");
  assert.match(sql, /^\(\(service IN \{services0:Array\(String\)\} AND start >= .* OR \(service IN \{services1/s);
  assert.equal(params.to1S, 3_660);
});

test("has a bounded number of places, of which the last reaches to the end", () => {
  const places = placesFromMinutes(Array.from({ length: 200 }, (_, i) => ({ second: i * 600, service: `A.s${i}` })));
  assert.equal(places.length, 50);
  assert.equal(places.at(-1)!.toS, 199 * 600 + 60);
  assert.equal(places.flatMap(({ services }) => services).length, 200);
});
