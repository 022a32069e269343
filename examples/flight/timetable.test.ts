import assert from "node:assert/strict";
import { test } from "node:test";
import { isPasswordOf } from "./accounts.ts";
import { findFlights, listJourneys } from "./timetable.ts";

test("flights are listed in the format of the walkthrough", () => {
  assert.equal(
    findFlights({ departureCity: "sz", destinationCity: "xz" }),
    "{春秋航空;c8835;RMB1230}{深圳航空;ZH9817;RMB1180}",
  );
});

test("where nobody flies there is nothing", () => {
  assert.equal(findFlights({ departureCity: "sz", destinationCity: "moon" }), "");
  assert.equal(findFlights({ departureCity: "", destinationCity: "" }), "");
});

test("the timetable has a few dozen journeys, none to where it began", () => {
  const journeys = listJourneys();
  assert.ok(journeys.length >= 36, `${journeys.length}`);
  for (const { departureCity, destinationCity } of journeys) assert.notEqual(departureCity, destinationCity);
});

test("bison is let in with 123456 and with nothing else, and nobody else is", () => {
  assert.equal(isPasswordOf("bison", "123456"), true);
  for (const [name, password] of [
    ["bison", "1234567"],
    ["bison", ""],
    ["", ""],
    ["nobody", "123456"],
    ["__proto__", ""],
  ]) {
    assert.equal(isPasswordOf(name!, password!), false, `${name} ${password}`);
  }
});
