// A program that migrates the database in its first argument and prints how many steps it applied: tests start two at
// once, as two connections of one process cannot wait for each other (node:sqlite blocks the event loop).
import { createMigration } from "../migration.ts";
import { openStore } from "../store.ts";

const steps = ["a", "b", "c"].map((name, index) =>
  createMigration("race", index + 1, `000${index + 1}-${name}`, `create table race_${name} (id text primary key)`),
);
await using store = await openStore(process.argv[2] ?? "", { migrations: steps });
process.stdout.write(String((await store.migrate()).length));
