import type { Algorithm } from "../algorithm.ts";
import { adaptive, adaptiveByCalls } from "./adaptive.ts";
import { leastRequest } from "./least-request.ts";
import { original } from "./original.ts";
import { peakEwma } from "./peak-ewma.ts";
import { roundRobin } from "./round-robin.ts";

/** What is compared; ours is the last. */
export const algorithms: readonly Algorithm[] = [
  roundRobin,
  leastRequest,
  peakEwma,
  original,
  adaptiveByCalls,
  adaptive,
];
