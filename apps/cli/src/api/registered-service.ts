import { RegistryService } from "@msec/api/console/v1/registry_pb.js";
import type { OperatorApi } from "./operator-client.ts";

/**
 * Whether the server knows a service, or services of a first level: a name that was typed wrongly looks as one of which there is nothing.
 *
 * @param name  `Flight.mod_flight`, or `Flight` for all below it; empty: any
 * @returns true also where the server cannot be asked: then nothing can be said against the name
 */
export async function isRegistered(api: OperatorApi, name: string): Promise<boolean> {
  if (name === "") return true;
  try {
    const { services } = await api.client(RegistryService).listServices({});
    return services.some((service) => service.name === name || service.name.startsWith(`${name}.`));
  } catch {
    return true; // The question before it was answered; this one only adds a hint.
  }
}
