/** At most so many addresses are added at once, as on the original's page. */
export const ENDPOINTS_MAX = 100;

/** One address of an external service. */
export interface Endpoint {
  readonly address: string;
  /** 0: the default port of the service. */
  readonly port: number;
}

/** What a list of addresses is wrong with. */
export type EndpointFault =
  | { readonly kind: "bad"; readonly text: string }
  | { readonly kind: "twice"; readonly text: string }
  | { readonly kind: "many"; readonly count: number };

/**
 * Reads a list of addresses, `10.0.0.1:6379; [2001:db8::1]:6379`, separated by semicolons, commas, spaces or lines.
 *
 * @param defaultPort  the port of those that name none; 0: each has to name one
 * @returns the addresses in their order, or the first fault. The server checks each address itself
 */
export function parseEndpoints(text: string, defaultPort: number): readonly Endpoint[] | EndpointFault {
  const parts = text.split(/[;,\s]+/).filter((part) => part !== "");
  if (parts.length > ENDPOINTS_MAX) return { kind: "many", count: parts.length };
  const seen = new Set<string>();
  const endpoints: Endpoint[] = [];
  for (const part of parts) {
    const endpoint = parseEndpoint(part, defaultPort);
    if (endpoint === undefined) return { kind: "bad", text: part.slice(0, 80) };
    const key = `${endpoint.address} ${endpoint.port}`;
    if (seen.has(key)) return { kind: "twice", text: part };
    seen.add(key);
    endpoints.push(endpoint);
  }
  return endpoints;
}

function parseEndpoint(text: string, defaultPort: number): Endpoint | undefined {
  const [, bracketed, plain, digits] =
    /^(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9.-]{1,253}))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = bracketed ?? plain;
  const port = digits === undefined ? defaultPort : Number(digits);
  return address === undefined || port < 1 || port > 65_535 ? undefined : { address, port };
}
