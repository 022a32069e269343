/** An instance as routing and people name it: `127.0.0.1:7963`, `[::1]:7963`; `–` where it listens on nothing. */
export function instanceAddress({ address, port }: { readonly address: string; readonly port: number }): string {
  if (port === 0) return "–";
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
