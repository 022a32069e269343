/** A place that is called: an address with a port, over TCP unless it says otherwise, or a unix socket. */
export type Place =
  | { readonly address: string; readonly port: number; readonly protocol?: "tcp" | "udp" | undefined }
  | { readonly path: string };

/** A place as people write it, and as `parseTarget` reads it: `127.0.0.1:7963`, `[::1]:7963`, `127.0.0.1:7963@udp`, `unix:/run/x.sock`. */
export function placeName(place: Place): string {
  if ("path" in place) return `unix:${place.path}`;
  const { address, port, protocol } = place;
  const at = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  return protocol === "udp" ? `${at}@udp` : at;
}
