import assert from "node:assert/strict";
import { test } from "node:test";
import { hasListPage } from "./list-page.ts";

test("the page is there by itself only where no other machine reaches the port", () => {
  for (const address of ["127.0.0.1", "127.8.8.8", "::1", "localhost"]) {
    assert.equal(hasListPage("auto", address), true, address);
    assert.equal(hasListPage("off", address), false, address);
  }
  for (const address of ["0.0.0.0", "::", "10.0.0.7", "127.example.com", "fe80::1", ""]) {
    assert.equal(hasListPage("auto", address), false, address);
    assert.equal(hasListPage("on", address), true, address);
  }
});
