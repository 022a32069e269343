import { hostname } from "node:os";
import type { RunRecord } from "@msec/process";
import { processName } from "../state/system-processes.ts";

/** What is to be reloaded: a service, all its instances or the ones at one place. */
export interface ReloadTarget {
  readonly service: string;
  /** `127.0.0.1:7963`, or a host: its name, or the address that the instance listens on; empty for all. */
  readonly at: string;
  /** Only the instances at these, `127.0.0.1:7963`; none: no such choice. */
  readonly addresses: readonly string[];
}

/** Reads `Flight.mod_flight`, `Flight.mod_flight@127.0.0.1:7963` or `Flight.mod_flight@host1`; `undefined` where it is none of them. */
export function parseReloadTarget(text: string, addresses: readonly string[]): ReloadTarget | undefined {
  const [, service, at] = /^(\w{1,32}\.\w{1,32})(?:@(\S{1,300}))?$/.exec(text) ?? [];
  return service === undefined ? undefined : { service, at: at ?? "", addresses };
}

/** The instances of this host that are meant, by their run records. */
export function findInstances(records: readonly RunRecord[], { service, at, addresses }: ReloadTarget): RunRecord[] {
  return records.filter(
    (record) =>
      record.role === "instance" &&
      processName(record) === service &&
      (addresses.length === 0 || addresses.includes(record.listen)) &&
      (at === "" || at === record.listen || at === hostname() || `${at}:` === record.listen.replace(/\d+$/, "")),
  );
}
