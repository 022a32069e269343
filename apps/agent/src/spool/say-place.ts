import type { Log } from "@msec/process";
import { SpoolPlace } from "./spool.ts";

/** Say where telemetry waits now, and what to do about it: once for each change. */
export function sayPlace(place: SpoolPlace, directory: string, log: Log): void {
  switch (place) {
    case SpoolPlace.Disk:
      log.info("the disk of the spool has room again", { directory });
      break;
    case SpoolPlace.Memory:
      log.error(
        "the disk of the spool is full: telemetry waits in memory, at most 4 MiB, and is lost if this agent ends; free space there",
        { directory },
      );
      break;
    case SpoolPlace.Nowhere:
      log.error(
        "the disk of the spool is full and nothing more fits into memory: services keep what they report, up to 8 MiB each, and count what they drop; free space there",
        { directory },
      );
  }
}
