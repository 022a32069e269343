import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { Code, RpcError } from "@msec/rpc";
import { rpcErrorFromNode } from "../node-error.ts";
import type { ExternalTarget } from "./external-codec.ts";
import { PacketReader, packetLengthOf } from "./packet-reader.ts";

/** A way to send packets to one place and to get packets from it. */
export interface PacketSocket {
  /** Only after `opened`. */
  send(packet: Uint8Array): void;
  /** Let go of it; nothing more is heard of it. */
  destroy(): void;
}

/** What a packet socket tells its owner. Nothing after `failed`. */
export interface PacketSocketOwner {
  opened(): void;
  packet(bytes: Uint8Array): void;
  /** A datagram that is no packet of the protocol: from a stranger, perhaps. */
  garbage(error: RpcError): void;
  /** It could not be opened, or it broke, or what came is none of the protocol. */
  failed(error: RpcError): void;
}

/** What reading packets takes. */
export interface PacketRules {
  readonly packetLength: (buffer: Uint8Array) => number;
  readonly maxBytes: number;
}

/** The largest datagram that IPv4 can carry. */
export const datagramMaxBytes = 65_507;

/** Open a socket to a target; its owner hears of the rest. @param address  for messages */
export function openPacketSocket(
  target: ExternalTarget,
  address: string,
  rules: PacketRules,
  owner: PacketSocketOwner,
): PacketSocket {
  return "port" in target && target.protocol === "udp"
    ? openDatagrams(target, address, rules, owner)
    : openStream(target, address, rules, owner);
}

function openStream(
  target: ExternalTarget,
  address: string,
  rules: PacketRules,
  owner: PacketSocketOwner,
): PacketSocket {
  const socket = connect("path" in target ? { path: target.path } : { host: target.address, port: target.port });
  let isOver = false;
  const fail = (error: RpcError) => {
    if (isOver) return;
    isOver = true;
    socket.destroy();
    owner.failed(error);
  };
  const reader = new PacketReader(rules.packetLength, rules.maxBytes, (packet) => {
    if (!isOver) owner.packet(packet);
  });
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 15_000);
  socket.on("connect", () => owner.opened());
  socket.on("data", (chunk: Buffer) => {
    try {
      reader.push(chunk);
    } catch (error) {
      const { code, message } = error as RpcError;
      fail(new RpcError(code, `${address}: ${message}; the connection is closed`, { cause: error }));
    }
  });
  socket.on("error", (error) => fail(rpcErrorFromNode(error, address)));
  socket.on("close", () => fail(new RpcError(Code.Unavailable, `${address}: the other end closed the connection`)));
  return {
    send: (packet) => void socket.write(packet),
    destroy() {
      isOver = true;
      socket.destroy();
    },
  };
}

function openDatagrams(
  target: { readonly address: string; readonly port: number },
  address: string,
  rules: PacketRules,
  owner: PacketSocketOwner,
): PacketSocket {
  const socket = createSocket(target.address.includes(":") ? "udp6" : "udp4");
  let isOver = false;
  const close = () => {
    if (isOver) return false;
    isOver = true;
    socket.close();
    return true;
  };
  const fail = (error: Error) => {
    if (close()) owner.failed(rpcErrorFromNode(error, address));
  };
  // Connected: the kernel lets through only what comes from there, and tells when nothing listens there.
  socket.on("connect", () => {
    if (!isOver) owner.opened();
  });
  socket.on("error", fail);
  socket.connect(target.port, target.address);
  socket.on("message", (datagram) => {
    try {
      const length = packetLengthOf(rules.packetLength, datagram, rules.maxBytes);
      if (length === 0 || length > datagram.length) {
        throw new RpcError(Code.Internal, `a datagram of ${datagram.length} bytes holds no whole packet`);
      }
      owner.packet(datagram.subarray(0, length));
    } catch (error) {
      const { code, message } = error as RpcError;
      owner.garbage(new RpcError(code, `${address}: ${message}`, { cause: error }));
    }
  });
  return {
    send: (packet) => {
      socket.send(packet, (error) => {
        if (error) fail(error);
      });
    },
    destroy: () => void close(),
  };
}
