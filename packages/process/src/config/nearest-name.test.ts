import assert from "node:assert/strict";
import { test } from "node:test";
import { nearestName } from "./nearest-name.ts";

test("the nearest known name is found by letters changed, swapped, missing or in another case", () => {
  const known = ["listen", "level", "server_fingerprint"];
  assert.equal(nearestName("lissten", known), "listen");
  assert.equal(nearestName("litsen", known), "listen");
  assert.equal(nearestName("LEVEL", known), "level");
  assert.equal(nearestName("server_fingerprnt", known), "server_fingerprint");
  assert.equal(nearestName("database", known), undefined);
  assert.equal(nearestName("x", []), undefined);
});
