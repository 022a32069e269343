/** A place that is called: an address with a port, over TCP unless it says otherwise, or a unix socket. `grpc` is a foreign gRPC server. */
export type Place =
  | { readonly address: string; readonly port: number; readonly protocol?: "tcp" | "udp" | "grpc" | undefined }
  | { readonly path: string };

/** A place of an external service, which speaks a protocol of its own. */
export type ExternalPlace =
  | { readonly address: string; readonly port: number; readonly protocol?: "tcp" | "udp" | undefined }
  | { readonly path: string };

/** A place as people write it, and as `parseTarget` reads it: `127.0.0.1:7963`, `[::1]:7963`, `127.0.0.1:7963@udp`, `127.0.0.1:50051@grpc`, `unix:/run/x.sock`. */
export function placeName(place: Place): string {
  if ("path" in place) return `unix:${place.path}`;
  const { address, port, protocol } = place;
  const at = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  return protocol === "udp" || protocol === "grpc" ? `${at}@${protocol}` : at;
}
