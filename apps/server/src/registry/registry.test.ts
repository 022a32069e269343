import { describe } from "node:test";
import { defineRegistryCases } from "./registry.case.ts";

describe("the registry on SQLite", () => {
  defineRegistryCases(async () => "");
});
