import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** A server and a client of its own kind for the same echo. */
export interface Peer {
  name: string;
  server: string[];
  client: string[];
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const node = process.execPath;

function nodePeer(name: string, file: string): Peer {
  return { name, server: [node, here(`peers/${file}.server.ts`)], client: [node, here(`peers/${file}.client.ts`)] };
}

/** Ours, with everything on, as users get it. */
export const OURS: Peer = {
  name: "msec",
  server: [node, here("echo-server.ts")],
  client: [node, here("peers/msec.client.ts")],
};

/** A client whose calls go nowhere: what they wait for is the machine. */
export const pauses: readonly string[] = [node, here("peers/no-call.client.ts")];

const NODE_PEERS: Peer[] = [
  nodePeer("@grpc/grpc-js", "grpc-js"),
  nodePeer("@connectrpc/connect-node", "connect-node"),
  nodePeer("moleculer", "moleculer"),
  nodePeer("@tars/rpc", "tars"),
  nodePeer("Fastify + undici", "fastify"),
  nodePeer("bare node:net", "net-echo"),
];

/** The words that start the server of ours (`msec`) or of one of the Node peers. */
export function serverOf(name: string): readonly string[] {
  const peer = [OURS, ...NODE_PEERS].find((peer) => peer.name === name);
  if (peer === undefined) throw new Error(`no peer is named ${name}`);
  return peer.server;
}

/** The other protocols of our port, each with a bare server and a client of the library that is known for it. */
export const PROTOCOLS: { name: string; bare: Peer }[] = [
  { name: "gRPC", bare: nodePeer("@grpc/grpc-js", "grpc-js") },
  { name: "Connect", bare: nodePeer("@connectrpc/connect-node", "connect-node") },
  { name: "HTTP+JSON", bare: nodePeer("node:http", "http-json") },
];

const CPP = "C++ gRPC";

/** Names of all peers, also of those that cannot run here. */
export const PEER_NAMES: readonly string[] = [...NODE_PEERS.map(({ name }) => name), CPP];

/**
 * Those of the named peers that can run here; C++ gRPC is built first and left out, with a line that says why, where its Debian packages are missing.
 */
export function findPeers(names: readonly string[], say: (line: string) => void): Peer[] {
  const found = NODE_PEERS.filter(({ name }) => names.includes(name));
  if (!names.includes(CPP)) {
    return found;
  }
  const build = here("peers/cpp-grpc/build");
  try {
    execFileSync("make", ["-C", here("peers/cpp-grpc"), `BUILD=${build}`], { stdio: ["ignore", "ignore", "pipe"] });
  } catch (error) {
    say(
      `C++ gRPC is left out: it needs Debian's g++, make, libgrpc++-dev and protobuf-compiler-grpc (${String(error).split("\n")[0]})`,
    );
    return found;
  }
  return [...found, { name: CPP, server: [`${build}/server`], client: [`${build}/client`] }];
}
