import { connect } from "@msec/service";
import { MainLogic } from "./gen/voa_pb.js";
import { startWorld } from "./world.ts";

// Starts everything, calls once in each way, says what came of it, and ends: `npm start`.
await using world = await startWorld();
await using caller = connect({ name: "Voa.run", agent: world.agent.path, onNotice: () => {} });
const client = caller.call(MainLogic, "Voa.main_logic", { timeoutMs: 5_000 });

console.log(
  "1  outside → standard, at an address:",
  (await world.runProgram("outside.ts", world.mainLogic, world.page)).trim(),
);
const own = await client.getTitles({ url: world.page });
console.log("2  standard → standard, by name:     ", "main_logic called", own.crawledBy);
console.log("3  standard → own protocol:          ", own.titles.join(", "));
console.log("4  standard → own client library:    ", `redis says that it was asked for ${own.timesAsked} times`);
const mirrored = await client.getTitles({ url: world.page, fromMirror: true });
console.log("5  system A → system B:              ", "main_logic called", mirrored.crawledBy, "of the other system");
