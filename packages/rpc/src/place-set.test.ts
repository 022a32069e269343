import assert from "node:assert/strict";
import { test } from "node:test";
import { PlaceSet } from "./place-set.ts";

interface Member {
  name: string;
  place: number;
}

function leave(set: PlaceSet<Member>, member: Member): void {
  const moved = set.removeAt(member.place);
  if (moved !== undefined) moved.place = member.place;
  member.place = -1;
}

test("members that come and go in any order are found as long as they are in, and only then", () => {
  const set = new PlaceSet<Member>();
  const members = Array.from({ length: 40 }, (_, index): Member => ({ name: `m${index}`, place: -1 }));
  const within = new Set<Member>();
  let seed = 7;
  for (let step = 0; step < 4_000; step++) {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    const member = members[seed % members.length]!;
    if (member.place < 0) {
      member.place = set.add(member);
      within.add(member);
    } else {
      leave(set, member);
      within.delete(member);
    }
    assert.equal(set.size, within.size);
    assert.deepEqual(new Set(set), within);
  }
});

test("the one that is looked at may leave: each is seen once", () => {
  const set = new PlaceSet<Member>();
  for (const name of ["a", "b", "c", "d"]) {
    const member = { name, place: -1 };
    member.place = set.add(member);
  }
  const seen: string[] = [];
  for (const member of set) {
    seen.push(member.name);
    if (member.name !== "b") leave(set, member);
  }
  assert.deepEqual(seen.sort(), ["a", "b", "c", "d"]);
  assert.deepEqual(
    [...set].map(({ name, place }) => [name, place]),
    [["b", 0]],
  );
});
