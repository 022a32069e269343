export { type SmallDisk, smallDisk, whyNoSmallDisk } from "./testing-disk.ts";
export { freePort } from "./testing-port.ts";
export { waitUntil } from "./testing-wait.ts";
