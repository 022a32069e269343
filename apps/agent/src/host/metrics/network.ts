import type { HostSamples } from "./host-sample.ts";

const interfacesMax = 32;
// The other ends of what is counted elsewhere.
const virtual = /^(lo|docker\d*|veth.*|br-.*|virbr\d*.*|cni\d*|flannel.*|cali.*|tunl\d+|dummy\d+)$/;

/**
 * What each interface received and sent.
 *
 * @param dev  /proc/net/dev
 */
export function sampleInterfaces(samples: HostSamples, dev: string): void {
  let interfaces = 0;
  for (const line of dev.split("\n")) {
    const match = /^\s*([^:\s]+):\s*(.*)$/.exec(line);
    if (match === null || virtual.test(match[1]!)) continue;
    if (++interfaces > interfacesMax) return;
    // Received: bytes packets errs drop fifo frame compressed multicast; sent: bytes packets errs drop …
    const values = match[2]!.trim().split(/\s+/).map(Number);
    const prefix = `sys.net.${match[1]}`;
    samples.counter(`${prefix}.received_bytes`, values[0]);
    samples.counter(`${prefix}.received_packets`, values[1]);
    samples.counter(`${prefix}.sent_bytes`, values[8]);
    samples.counter(`${prefix}.sent_packets`, values[9]);
    samples.counter(`${prefix}.errors`, values[2]! + values[10]!);
    samples.counter(`${prefix}.dropped_packets`, values[3]! + values[11]!);
  }
}

/**
 * TCP and UDP of the host, both versions of IP.
 *
 * @param snmp     /proc/net/snmp, where TCP is that of both
 * @param snmp6    /proc/net/snmp6; empty without IPv6
 * @param netstat  /proc/net/netstat
 */
export function sampleProtocols(samples: HostSamples, snmp: string, snmp6: string, netstat: string): void {
  const tcp = tableOf(snmp, "Tcp");
  samples.counter("sys.tcp.received_segments", tcp.get("InSegs"));
  samples.counter("sys.tcp.sent_segments", tcp.get("OutSegs"));
  samples.counter("sys.tcp.retransmitted_segments", tcp.get("RetransSegs"));
  samples.counter("sys.tcp.errors", tcp.get("InErrs"));
  samples.counter("sys.tcp.refused_connections", tableOf(netstat, "TcpExt").get("ListenOverflows"));
  samples.gauge("sys.tcp.connections", tcp.get("CurrEstab"));
  const udp = tableOf(snmp, "Udp");
  const both = (name: string) => {
    const four = udp.get(name);
    const six = new RegExp(`^Udp6${name}\\s+(\\d+)$`, "m").exec(snmp6)?.[1];
    return four === undefined ? undefined : four + Number(six ?? 0);
  };
  samples.counter("sys.udp.received_datagrams", both("InDatagrams"));
  samples.counter("sys.udp.sent_datagrams", both("OutDatagrams"));
  samples.counter("sys.udp.errors", both("InErrors"));
  samples.counter("sys.udp.receive_buffer_errors", both("RcvbufErrors"));
  samples.counter("sys.udp.send_buffer_errors", both("SndbufErrors"));
}

/** A table of two lines that begin with its name: the columns, then their values. */
function tableOf(text: string, name: string): Map<string, number> {
  const [columns = "", values = ""] = text.split("\n").filter((line) => line.startsWith(`${name}: `));
  const numbers = values.split(" ").slice(1).map(Number);
  return new Map(
    columns
      .split(" ")
      .slice(1)
      .flatMap((column, i) => (numbers[i] === undefined ? [] : [[column, numbers[i]]])),
  );
}
