import { BlockList, isIPv6 } from "node:net";

const near = new BlockList();
for (const [address, bits] of [
  ["127.0.0.0", 8],
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
] as const) {
  near.addSubnet(address, bits, "ipv4");
}
near.addAddress("::1", "ipv6");
near.addSubnet("fc00::", 7, "ipv6");
near.addSubnet("fe80::", 10, "ipv6");

/** Whether an address is of this machine or a private network (RFC 1918, 4193, 3927, 4291). */
export function isPrivatePeer(address: string): boolean {
  const plain = address.startsWith("::ffff:") ? address.slice(7) : address.replace(/%.*$/, "");
  return near.check(plain, isIPv6(plain) ? "ipv6" : "ipv4");
}
