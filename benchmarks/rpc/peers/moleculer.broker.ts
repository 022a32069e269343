import moleculer from "moleculer";

/** A broker on the TCP transporter without discovery by UDP: it knows the other node by its address. */
export function createBroker(nodeID: string, port: number, urls: string[]): moleculer.ServiceBroker {
  return new moleculer.ServiceBroker({
    nodeID,
    logger: false,
    transporter: { type: "TCP", options: { udpDiscovery: false, port, urls, gossipPeriod: 1 } },
    registry: { preferLocal: false },
    heartbeatInterval: 5,
  });
}
