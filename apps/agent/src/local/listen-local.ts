import { chmodSync } from "node:fs";
import { DyeingService } from "@msec/api/agent/v1/dyeing_pb.js";
import { LoadService } from "@msec/api/agent/v1/load_pb.js";
import { LocalService } from "@msec/api/agent/v1/local_pb.js";
import { SharingService } from "@msec/api/agent/v1/sharing_pb.js";
import { prepareSocketPlace } from "@msec/process";
import { MethodTable } from "@msec/rpc";
import { type Listener, listen } from "@msec/rpc-node";
import { dyeingService } from "../dyeing/dyeing-service.ts";
import type { HeldRules } from "../dyeing/held-rules.ts";
import type { SharedFindings } from "../sharing/shared-findings.ts";
import { sharingService } from "../sharing/sharing-service.ts";
import { loadService } from "./load-service.ts";
import { BATCH_MAX_BYTES, type LocalServiceParts, localService } from "./local-service.ts";
import { LocalConnections } from "./registrations.ts";

/**
 * Serve the processes of this host on the agent's unix socket, for this user alone (0600).
 *
 * The caller holds the lock of the agent's directory: a socket file that is there belongs to nobody any more.
 */
export async function listenLocal(
  path: string,
  parts: LocalServiceParts,
  shared: SharedFindings,
  rules: HeldRules,
): Promise<Listener> {
  prepareSocketPlace(path);
  const connections = new LocalConnections();
  const listener = await listen({
    methods: new MethodTable()
      .add(LocalService, localService(parts, connections))
      .add(LoadService, loadService(connections, parts.instances, parts.onLoad))
      .add(SharingService, sharingService(connections, shared))
      .add(DyeingService, dyeingService(connections, rules)),
    path,
    serviceName: "msec.agent",
    // What one bad client may take of what all share: connections, memory for frames, handlers at once.
    limits: {
      connections: { max: 2_000 },
      frames: { maxBytes: BATCH_MAX_BYTES + 64 * 1024 },
      calls: { maxPerConnection: 64 },
    },
  });
  // Until here the socket's own directory (0700) keeps others out.
  chmodSync(path, 0o600);
  return listener;
}
