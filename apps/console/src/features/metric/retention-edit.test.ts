import { expect, test } from "vitest";
import { readRetention, retentionEdits } from "./retention-edit.ts";

test("what is kept is typed in days and gigabytes, and read back as it was", () => {
  const values = [
    { kind: "logs", days: 7, maxBytes: 20e9 },
    { kind: "spans", days: 1, maxBytes: 0 },
  ];
  const edits = retentionEdits(values);
  expect(edits.logs).toEqual({ days: "7", gigabytes: "20" });
  expect(readRetention(edits)).toEqual({ values, wrong: new Set() });
});

test("names the fields that cannot be", () => {
  const { wrong } = readRetention({
    a: { days: "0", gigabytes: "1" },
    b: { days: "1.5", gigabytes: "0,5" },
    c: { days: "731", gigabytes: "0.01" },
    d: { days: "", gigabytes: "" },
    e: { days: "30", gigabytes: "many" },
  });
  expect([...wrong]).toEqual(["a days", "b days", "c days", "c gigabytes", "d days", "d gigabytes", "e gigabytes"]);
});
