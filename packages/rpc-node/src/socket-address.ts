import type { Socket } from "node:net";

/** `127.0.0.1:7963`, `[::1]:7963`; IPv4 addresses mapped into IPv6 in their own form. */
export function formatAddress(address: string, port: number): string {
  const plain = address.startsWith("::ffff:") ? address.slice(7) : address;
  return plain.includes(":") ? `[${plain}]:${port}` : `${plain}:${port}`;
}

/** The other end of an accepted socket; `unix:` with the listener's path for a unix socket, whose clients have no name. */
export function peerAddress(socket: Socket, path: string | undefined): string {
  return path === undefined ? formatAddress(socket.remoteAddress ?? "unknown", socket.remotePort ?? 0) : `unix:${path}`;
}
