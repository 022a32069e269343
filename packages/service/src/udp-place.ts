import { type ServiceConfig, systemErrorCode } from "@msec/process";
import type { UdpOptions } from "@msec/rpc-node";

/** How a program's port serves UDP, and whether it goes on without where that cannot be had. */
export type UdpChoice = { readonly options: UdpOptions | false; readonly isRequired: boolean };

/**
 * What `[SRPC] udp` means: `private` and `any` say who is answered, `off` nobody; `auto` is `private` where `listen` names a UDP place, as its default does, and
 * nothing is encrypted; then a port number that another program has for UDP does not keep the service from starting.
 */
export function udpChoice(
  { udp, listen }: Pick<ServiceConfig["values"]["SRPC"], "udp" | "listen">,
  hasTls: boolean,
): UdpChoice {
  if (udp !== "auto") return { options: udp === "off" ? false : { peers: udp }, isRequired: true };
  const isNamed = listen.some(({ protocol }) => protocol === "udp");
  return { options: isNamed && !hasTls ? { peers: "private" } : false, isRequired: false };
}

/** Whether a listener failed because its port number is taken for UDP. */
export function isUdpTaken(error: unknown): boolean {
  return systemErrorCode(error) === "EADDRINUSE" && (error as { isUdp?: boolean }).isUdp === true;
}
