import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { RegistryService, ServiceKind } from "@msec/api/console/v1/registry_pb.js";
import { enrollAgent, startTestServer, type TestServer } from "../testing/test-server.ts";

const { STANDARD, EXTERNAL } = ServiceKind;

/**
 * What the registry must do on every engine; each engine's test file runs all of it.
 *
 * @param createDatabase  gives the value of `database` in `[server]` for an empty database; "" for the default
 */
export function defineRegistryCases(createDatabase: () => Promise<string>): void {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ database: await createDatabase() });
  });
  after(() => server?.[Symbol.asyncDispose]());

  const registry = () => server.operator(RegistryService);
  let services = 0;
  const createService = async (kind: ServiceKind = EXTERNAL, defaultPort = 0) => {
    const name = `Case.service_${++services}`;
    await registry().createService({ name, kind, defaultPort });
    return name;
  };
  let ports = 20_000;
  const addExternal = async (service: string, address = "10.1.0.1", port = ++ports) => {
    const { instance } = await registry().addInstance({ service, address, port });
    assert.ok(instance);
    return instance;
  };

  it("lists services by name and their instances by address and port", async () => {
    for (const name of ["Order.zz", "Order.Zz", "Order.aa"]) {
      await registry().createService({ name, kind: EXTERNAL });
    }
    await addExternal("Order.aa", "10.2.0.2", 80);
    await addExternal("Order.aa", "10.2.0.1", 443);
    await addExternal("Order.aa", "10.2.0.1", 80);
    const { services: listed } = await registry().listServices({});
    const ours = listed.filter(({ name }) => name.startsWith("Order."));
    assert.deepEqual(
      ours.map(({ name }) => name),
      ["Order.Zz", "Order.aa", "Order.zz"],
    );
    assert.deepEqual(
      ours[1]?.instances.map(({ address, port }) => `${address}:${port}`),
      ["10.2.0.1:80", "10.2.0.1:443", "10.2.0.2:80"],
    );
  });

  for (const name of [
    "Flight",
    "Flight.",
    "Flight.a",
    "Flight.mod.flight",
    "1Flight.mod",
    "Flight.mod-flight",
    `Flight.${"m".repeat(33)}`,
    "agent.mod",
    "Flight.agent",
    "Flight.mod\n",
    "../../etc.passwd",
  ]) {
    it(`refuses the service name ${JSON.stringify(name)}`, async () => {
      await rejectsWith(registry().createService({ name, kind: STANDARD }), Code.InvalidArgument, /name/);
    });
  }

  it("refuses a service of a name that is taken, of no kind, or with a port that is none", async () => {
    const name = await createService();
    await rejectsWith(registry().createService({ name, kind: STANDARD }), Code.AlreadyExists, new RegExp(name));
    await rejectsWith(registry().createService({ name: "Some.thing" }), Code.InvalidArgument, /kind 0/);
    const tooLarge = { name: "Some.thing", kind: STANDARD, defaultPort: 65_536 };
    await rejectsWith(registry().createService(tooLarge), Code.InvalidArgument, /default_port 65536/);
  });

  it("knows no service that was not made", async () => {
    await rejectsWith(registry().getService({ name: "No.body" }), Code.NotFound, /No\.body/);
    await rejectsWith(registry().addInstance({ service: "No.body", address: "10.0.0.9", port: 1 }), Code.NotFound);
  });

  it("gives an address and port to one instance only, in whatever form they are written", async () => {
    const [one, other] = [await createService(), await createService()];
    await addExternal(one, "2001:DB8::0:1", 443);
    await rejectsWith(addExternal(other, "2001:db8:0::1", 443), Code.AlreadyExists, /2001:db8::1:443/);
    await addExternal(one, "Db.Example.com", 443);
    await rejectsWith(addExternal(other, "db.example.com", 443), Code.AlreadyExists);
    await addExternal(other, "db.example.com", 444);
  });

  for (const address of ["", "0.0.0.0", "::", "1.2.3", "1.2.3.400", "a b", "-x", "http://x", "10.0.0.1:80"]) {
    it(`refuses the address ${JSON.stringify(address)}`, async () => {
      const service = await createService();
      await rejectsWith(addExternal(service, address), Code.InvalidArgument, /address/);
    });
  }

  it("adds an instance out of routing and changes no route", async () => {
    const service = await createService();
    const { routeVersion } = await registry().listHosts({});
    const instance = await addExternal(service);
    assert.deepEqual([instance.inRouting, instance.weight, instance.hostId], [false, 100, ""]);
    assert.equal((await registry().listHosts({})).routeVersion, routeVersion);
  });

  it("takes instances into routing and out, with one version for each change", async () => {
    const service = await createService();
    const instances = [await addExternal(service), await addExternal(service)];
    const instanceIds = instances.map(({ id }) => id);
    const into = await registry().setRouting({ instanceIds, inRouting: true });
    assert.ok(into.instances.every(({ inRouting }) => inRouting));
    assert.equal((await registry().getService({ name: service })).service?.routeVersion, into.routeVersion);
    const again = await registry().setRouting({ instanceIds, inRouting: true });
    assert.equal(again.routeVersion, into.routeVersion, "nothing changed");
    const out = await registry().setRouting({ instanceIds: instanceIds.slice(0, 1), inRouting: false });
    assert.equal(out.routeVersion, into.routeVersion + 1n);
    const { service: seen } = await registry().getService({ name: service });
    assert.deepEqual(
      seen?.instances.map(({ inRouting }) => inRouting),
      [false, true],
    );
    assert.ok(seen?.instances[0]?.routingChangedMs);
  });

  it("gives each of many changes at once a version of its own", async () => {
    const service = await createService();
    const instances = await Promise.all(Array.from({ length: 10 }, () => addExternal(service)));
    const { routeVersion: before } = await registry().listHosts({});
    await Promise.all(instances.map(({ id }) => registry().setRouting({ instanceIds: [id], inRouting: true })));
    const { service: after } = await registry().getService({ name: service });
    assert.equal(after?.routeVersion, before + 10n);
  });

  it("changes nothing where one of the instances is unknown", async () => {
    const instance = await addExternal(await createService());
    const change = registry().setRouting({ instanceIds: [instance.id, "nobody"], inRouting: true });
    await rejectsWith(change, Code.NotFound, /nobody/);
    const { service } = await registry().getService({ name: instance.service });
    assert.equal(service?.instances[0]?.inRouting, false);
    await rejectsWith(registry().setRouting({ instanceIds: [], inRouting: true }), Code.InvalidArgument);
  });

  it("runs instances of standard services on a host, at its address unless they name another", async () => {
    const service = await createService(STANDARD, 7963);
    await using agent = await enrollAgent(server, "standard-host");
    const { instance } = await registry().addInstance({ service, hostId: agent.hostId });
    assert.deepEqual(
      [instance?.address, instance?.port, instance?.hostName, instance?.process],
      ["10.0.0.1", 7963, "standard-host", undefined],
    );
    await rejectsWith(registry().addInstance({ service }), Code.InvalidArgument, /host_id is empty/);
    await rejectsWith(registry().addInstance({ service, hostId: "nobody" }), Code.NotFound, /nobody/);
    await rejectsWith(
      registry().addInstance({ service: await createService(), hostId: agent.hostId, port: 1, address: "a" }),
      Code.InvalidArgument,
      /must be empty/,
    );
  });

  it("lets any number of programs listen on nothing, none of them in routing", async () => {
    const service = await createService(STANDARD);
    await using agent = await enrollAgent(server, "silent-host");
    const added = [1, 2].map(
      async () => (await registry().addInstance({ service, hostId: agent.hostId })).instance?.id ?? "",
    );
    const [first = ""] = await Promise.all(added);
    const change = registry().setRouting({ instanceIds: [first], inRouting: true });
    await rejectsWith(change, Code.FailedPrecondition, /listens on nothing/);
  });

  it("removes instances that are out of routing, and services that have none; agents hear that the table is gone", async () => {
    const service = await createService();
    const { id } = await addExternal(service, "10.9.0.1", 4000);
    await registry().setRouting({ instanceIds: [id], inRouting: true });
    await rejectsWith(
      registry().removeInstances({ instanceIds: [id] }),
      Code.FailedPrecondition,
      /10\.9\.0\.1:4000 of .* is in routing/,
    );
    const { routeVersion } = await registry().setRouting({ instanceIds: [id], inRouting: false });
    await rejectsWith(registry().removeService({ name: service }), Code.FailedPrecondition, /still has 1 instance;/);
    await registry().removeInstances({ instanceIds: [id] });
    await rejectsWith(registry().removeInstances({ instanceIds: [id] }), Code.NotFound);
    await registry().removeService({ name: service });
    await rejectsWith(registry().removeService({ name: service }), Code.NotFound);
    await using agent = await enrollAgent(server, `remover${services}`);
    const gone = await agent.client.watchRoutes({ appliedVersion: routeVersion, waitMs: 0 });
    assert.deepEqual(
      gone.tables.map((table) => [table.service, table.deleted]),
      [[service, true]],
    );
    await registry().createService({ name: service, kind: EXTERNAL });
    const back = await agent.client.watchRoutes({ appliedVersion: gone.version, waitMs: 0 });
    assert.deepEqual(
      back.tables.map((table) => [table.service, table.deleted]),
      [[service, false]],
    );
    assert.equal((await addExternal(service, "10.9.0.1", 4000)).port, 4000, "the address is free again");
  });

  it("says which came first where a service is removed while it gets an instance", async () => {
    for (let round = 0; round < 6; round++) {
      const service = await createService();
      const [added, removed] = await Promise.allSettled([
        addExternal(service),
        registry().removeService({ name: service }),
      ]);
      assert.deepEqual([added.status, removed.status].toSorted(), ["fulfilled", "rejected"]);
      const { reason } = (added.status === "rejected" ? added : removed) as PromiseRejectedResult;
      assert.ok([Code.NotFound, Code.FailedPrecondition].includes(ConnectError.from(reason).code), String(reason));
    }
  });

  it("keeps transport, weight and limits of an instance, and refuses what is out of range", async () => {
    const [external, standard] = [await createService(), await createService(STANDARD, 0)];
    const udp = await registry().addInstance({
      service: external,
      address: "10.9.1.1",
      port: 53,
      transport: 2,
      weight: 7,
    });
    assert.deepEqual([udp.instance?.transport, udp.instance?.weight], [2, 7]);
    await rejectsWith(
      registry().setInstance({ instanceId: udp.instance!.id, settings: { cpus: 2 } }),
      Code.InvalidArgument,
      /external/,
    );
    await using agent = await enrollAgent(server, `limits${services}`);
    const settings = { procnum: 4, memoryBytes: 2 ** 30, cpus: 2, openFiles: 4096 };
    const { instance } = await registry().addInstance({
      service: standard,
      hostId: agent.hostId,
      settings,
      stopped: true,
    });
    const { assignments } = await agent.client.watchAssignment({ appliedVersion: 0n, waitMs: 0 });
    assert.deepEqual([assignments[0]?.run, assignments[0]?.settings?.memoryBytes], [false, 2 ** 30]);
    const set = await registry().setInstance({ instanceId: instance!.id, weight: 50, settings: { procnum: 2 } });
    assert.deepEqual([set.instance?.weight, set.instance?.settings?.procnum, set.instance?.settings?.cpus], [50, 2, 0]);
    for (const [bad, message] of [
      [{ settings: { memoryBytes: Number.NaN } }, /memoryBytes/],
      [{ settings: { memoryBytes: 1 } }, /memoryBytes 1/],
      [{ settings: { procnum: 1025 } }, /procnum 1025/],
      [{ settings: { openFiles: 3 } }, /openFiles 3/],
      [{ weight: 10_001 }, /weight 10001/],
    ] as const) {
      await rejectsWith(registry().setInstance({ instanceId: instance!.id, ...bad }), Code.InvalidArgument, message);
    }
    await rejectsWith(
      registry().addInstance({ service: standard, hostId: agent.hostId, transport: 2 }),
      Code.InvalidArgument,
      /transport must be TCP/,
    );
  });

  it("carries policy and zone in routes, checked against what routing knows", async () => {
    const service = await createService(STANDARD, ++ports);
    await using agent = await enrollAgent(server, `zone${services}`);
    const { instance } = await registry().addInstance({ service, hostId: agent.hostId });
    await registry().setRouting({ instanceIds: [instance!.id], inRouting: true });
    const policy = { name: "consistent-hash", hashKey: "metadata:user", locality: true, constants: { warmUpMs: 10 } };
    await registry().setRoutingPolicy({ service, policy });
    await registry().setHostZone({ hostId: agent.hostId, zone: "az1" });
    const look = async () => {
      const { tables } = await agent.client.watchRoutes({ appliedVersion: 0n, waitMs: 0 });
      return tables.find((table) => table.service === service);
    };
    const table = await look();
    assert.deepEqual(
      [table?.policy?.name, table?.policy?.constants, table?.routes[0]?.zone],
      ["consistent-hash", { warmUpMs: 10 }, "az1"],
    );
    for (const [bad, message] of [
      [{ name: "fastest" }, /fastest/],
      [{ constants: { nonsense: 1 } }, /no constant named nonsense/],
      [{ constants: { warmUpMs: Number.NaN } }, /warmUpMs/],
      [{ constants: { warmUpMs: -1 } }, /warmUpMs/],
      [{ name: "consistent-hash", hashKey: "x" }, /hash_key/],
    ] as const) {
      await rejectsWith(registry().setRoutingPolicy({ service, policy: bad }), Code.InvalidArgument, message);
    }
    await registry().setRoutingPolicy({ service });
    assert.equal((await look())?.policy, undefined);
    await rejectsWith(registry().setHostZone({ hostId: agent.hostId, zone: "a b" }), Code.InvalidArgument, /zone/);
    await rejectsWith(registry().removeHost({ hostId: agent.hostId }), Code.FailedPrecondition, /still has instances/);
    await registry().setRouting({ instanceIds: [instance!.id], inRouting: false });
    await registry().removeInstances({ instanceIds: [instance!.id] });
    await registry().removeHost({ hostId: agent.hostId });
    await assert.rejects(agent.client.reportHost({}), /enrol it again/);
  });

  it("takes the zone that an agent says itself", async () => {
    await using agent = await enrollAgent(server, `saysit${services}`);
    assert.equal((await agent.client.reportHost({})).zone, "", "nobody has said where it is");
    assert.equal((await agent.client.reportHost({ zone: "az7" })).zone, "az7");
    const zoneOf = async () => (await registry().listHosts({})).hosts.find(({ id }) => id === agent.hostId)?.zone;
    // Written in the background: nobody says when.
    const deadline = performance.now() + 30_000;
    while ((await zoneOf()) !== "az7") assert.ok(performance.now() < deadline, "not written in thirty seconds");
    await rejectsWith(
      registry().setHostZone({ hostId: agent.hostId, zone: "az8" }),
      Code.FailedPrecondition,
      /says that its zone is az7/,
    );
  });

  it("has the same services and versions after a restart", async () => {
    const before = await registry().listServices({});
    const { routeVersion } = await registry().listHosts({});
    await server.restart();
    assert.deepEqual(await registry().listServices({}), before);
    assert.equal((await registry().listHosts({})).routeVersion, routeVersion);
  });
}

async function rejectsWith(work: Promise<unknown>, code: Code, message = /./): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof ConnectError);
    assert.equal(Code[error.code], Code[code], error.message);
    assert.match(error.message, message);
    return true;
  });
}
