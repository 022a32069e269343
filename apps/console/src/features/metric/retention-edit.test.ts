import { expect, test } from "vitest";
import { deletedKinds, readRetention, retentionEdits } from "./retention-edit.ts";

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

test("names the kinds of which something would be deleted", () => {
  const day = 86_400_000;
  const kept = [
    { kind: "logs", bytes: 5e9, oldestMs: 100 * day },
    { kind: "spans", bytes: 0, oldestMs: 0 },
  ];
  const values = (days: number, maxBytes: number) => ["logs", "spans"].map((kind) => ({ kind, days, maxBytes }));
  expect(deletedKinds(values(7, 0), kept, 106 * day)).toEqual([]);
  expect(deletedKinds(values(5, 0), kept, 106 * day)).toEqual(["logs"]);
  expect(deletedKinds(values(7, 4e9), kept, 106 * day)).toEqual(["logs"]);
});
