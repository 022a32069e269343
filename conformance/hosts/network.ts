import { execFileSync, spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";

/** Hosts that a test makes: network namespaces with an address each, joined by one that routes between them. */
export interface TestNetwork extends Disposable {
  /** The address of the machine that the test runs on, as the hosts see it. */
  readonly here: string;
  /** `address(1)` … `address(count)`. */
  address(host: number): string;
  /** What to put in front of a command line so that it runs on a host. */
  enter(host: number): readonly string[];
  /** Lose whatever is sent to a host, without a word to the sender; or carry it again. */
  loseAll(host: number, isLost: boolean): void;
}

/** Why hosts cannot be made here; `undefined` where they can. */
export function whyNoNetwork(): string | undefined {
  const name = `msec-try-${process.pid}`;
  const { error, status, stderr } = spawnSync("ip", ["netns", "add", name], { encoding: "utf8" });
  if (error) return "needs the command ip, Debian's iproute2";
  if (status !== 0) return `needs to make network namespaces: ${stderr.trim()}`;
  const link = spawnSync("ip", ["-n", name, "link", "add", "try0", "type", "veth", "peer", "name", "try1"], {
    encoding: "utf8",
  });
  spawnSync("ip", ["netns", "del", name]);
  return link.status === 0 ? undefined : `needs to make virtual network links: ${link.stderr.trim()}`;
}

/**
 * Make `count` hosts, 1…60. Each has its own loopback, its own address and one way out: through a namespace that routes, where
 * packets to a host can be lost. Nothing of the machine's own network changes but one link and one route to them, which go with them.
 */
export function createNetwork(count: number): TestNetwork {
  // Several may run side by side: the second byte tells them apart. Taken ones fail, the next is tried.
  for (let attempt = 0; ; attempt++) {
    const number = randomInt(64, 250);
    try {
      return build(`mh${number}`, `10.${number}`, count);
    } catch (error) {
      if (attempt >= 5) throw error;
    }
  }
}

function build(name: string, prefix: string, count: number): TestNetwork {
  const router = `${name}r`;
  const hosts = Array.from({ length: count }, (_, index) => index + 1);
  ip(`netns add ${router}`);
  const remove = () => {
    // What is between namespaces goes when either of them does.
    for (const namespace of [router, ...hosts.map((host) => `${name}h${host}`)]) {
      spawnSync("ip", ["netns", "del", namespace]);
    }
  };
  try {
    ip(`link add ${name}m type veth peer name uplink netns ${router}`);
    ip(`addr add ${prefix}.254.1/30 dev ${name}m`);
    ip(`link set dev ${name}m up`);
    ip(`-n ${router} addr add ${prefix}.254.2/30 dev uplink`);
    ip(`-n ${router} link set dev uplink up`);
    ip(`route add ${prefix}.0.0/16 via ${prefix}.254.2`);
    execFileSync("ip", ["netns", "exec", router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
    for (const host of hosts) {
      const namespace = `${name}h${host}`;
      ip(`netns add ${namespace}`);
      ip(`-n ${router} link add v${host} type veth peer name eth0 netns ${namespace}`);
      ip(`-n ${router} addr add ${prefix}.${host}.1/30 dev v${host}`);
      ip(`-n ${router} link set dev v${host} up`);
      ip(`-n ${namespace} addr add ${prefix}.${host}.2/30 dev eth0`);
      ip(`-n ${namespace} link set dev lo up`);
      ip(`-n ${namespace} link set dev eth0 up`);
      ip(`-n ${namespace} route add default via ${prefix}.${host}.1`);
    }
  } catch (error) {
    remove();
    throw error;
  }
  return {
    here: `${prefix}.254.1`,
    address: (host) => `${prefix}.${host}.2`,
    enter: (host) => ["ip", "netns", "exec", `${name}h${host}`],
    loseAll: (host, isLost) => ip(`-n ${router} route ${isLost ? "add" : "del"} blackhole ${prefix}.${host}.2/32`),
    [Symbol.dispose]: remove,
  };
}

function ip(command: string): void {
  const { status, stderr } = spawnSync("ip", command.split(" "), { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${command}: ${stderr.trim()}`);
}
