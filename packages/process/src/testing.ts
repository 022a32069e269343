export { type SmallDisk, smallDisk, whyNoSmallDisk } from "./testing-disk.ts";
