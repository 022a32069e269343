import { isIPv4 } from "node:net";
import type { ServiceConfig } from "@msec/process";

/**
 * Whether the port serves the page `/list`: as `[SRPC] list_page` says, and where that is `auto`, when only this machine can reach the port. The page
 * tells all that the service understands to whoever opens it.
 *
 * @param address  as in `listen`: an IP address or a host name
 */
export function hasListPage(setting: ServiceConfig["values"]["SRPC"]["list_page"], address: string): boolean {
  return setting === "auto" ? isLoopback(address) : setting === "on";
}

/** Whether only this machine reaches a port that is bound to `address`. */
export function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || (isIPv4(address) && address.startsWith("127."));
}
