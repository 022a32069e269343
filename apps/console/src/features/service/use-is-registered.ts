import { useQuery } from "@tanstack/react-query";
import { useApi } from "../../lib/api.ts";
import { servicesQuery } from "./queries.ts";

/** Tells whether a service has pages of its own; what only reports, or is a foreign caller, has none. */
export function useIsRegistered(): (service: string) => boolean {
  const services = useQuery(servicesQuery(useApi())).data?.services ?? [];
  return (service) => services.some(({ name }) => name === service);
}
