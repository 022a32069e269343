import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { certificateFingerprint, createTlsIdentity, type TlsIdentity } from "@msec/process";

/** A host that the database knows, with the key that its agent has. */
export interface SeededHost {
  readonly id: string;
  readonly identity: TlsIdentity;
}

/** What a seeded cluster has. */
export interface SeededCluster {
  readonly hosts: readonly SeededHost[];
  /** Ids of the instances, all in routing. */
  readonly instanceIds: readonly string[];
}

/**
 * Write hosts, services and instances into the database of a server that does not run: one transaction, where as many enrolments and additions
 * through the API would be thousands, each with its own fsync. Nothing of it is measured.
 */
export function seedCluster(
  state: string,
  count: { readonly hosts: number; readonly instances: number; readonly services: number },
): SeededCluster {
  using database = new DatabaseSync(join(state, "server", "control.db"));
  database.exec("begin");
  const now = Date.now();
  const insertHost = database.prepare(
    "insert into host (id, name, address, fingerprint, enrolled_ms) values (?, ?, ?, ?, ?)",
  );
  const insertAssignment = database.prepare("insert into host_assignment (host_id, version) values (?, ?)");
  const hosts = Array.from({ length: count.hosts }, (_, index) => {
    const identity = createTlsIdentity(`host${index}`);
    const id = randomBytes(16).toString("hex");
    insertHost.run(id, `host${index}`, addressOf(index), certificateFingerprint(identity.certificate), now);
    insertAssignment.run(id, index + 1);
    return { id, identity };
  });
  const insertService = database.prepare(
    "insert into service (name, kind, default_port, created_ms, route_version) values (?, 1, 0, ?, ?)",
  );
  for (let index = 0; index < count.services; index++) insertService.run(`Bench.service_${index}`, now, index + 1);
  const insertInstance = database.prepare(
    "insert into instance (id, service, address, port, host_id, in_routing, weight, routing_changed_ms) values (?, ?, ?, ?, ?, 1, 100, ?)",
  );
  const instanceIds = Array.from({ length: count.instances }, (_, index) => {
    const id = randomBytes(8).toString("hex");
    const host = index % count.hosts;
    const port = 10_000 + Math.floor(index / count.hosts);
    insertInstance.run(id, `Bench.service_${index % count.services}`, addressOf(host), port, hosts[host]!.id, now);
    return id;
  });
  const setVersion = database.prepare("update cluster_version set value = ? where name = ?");
  setVersion.run(count.services, "route");
  setVersion.run(count.hosts, "assignment");
  database.exec("commit");
  return { hosts, instanceIds };
}

function addressOf(host: number): string {
  return `10.${host >> 16}.${(host >> 8) & 255}.${host & 255}`;
}
