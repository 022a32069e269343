import { type Host, RegistryService } from "@msec/api/console/v1/registry_pb.js";
import { UserError } from "@msec/process";
import { usageError } from "../context.ts";
import type { Messages } from "../messages/messages.ts";
import type { OperatorApi } from "./operator-client.ts";

/**
 * The host of a name.
 *
 * @param name  default: the only one that there is
 * @throws UserError where there is none of that name, or several and none was named (exit status 2)
 */
export async function findHost(api: OperatorApi, name: string | undefined, messages: Messages): Promise<Host> {
  const { hosts } = await api.client(RegistryService).listHosts({});
  if (name === undefined && hosts.length !== 1) throw usageError(messages.hostNeeded, messages.hostsUnknownHint);
  const host = name === undefined ? hosts[0] : hosts.find((each) => each.name === name);
  if (host === undefined) throw new UserError(messages.hostUnknown(name ?? ""), { hint: messages.hostsUnknownHint });
  return host;
}
