import { followSeat, isSpare } from "./spare-link.ts";

// Loaded by Node (`--import`) before the program of a spare worker: takes in what every service needs, the SDK, and then waits; the program itself, of which nothing
// has been read so far, begins when this module ends. In processes that the program starts with the same options it does nothing.
if (isSpare()) {
  const seat = followSeat();
  await Promise.all([import("../serve.ts"), import("../connect.ts")]);
  await seat;
}
