// A server's evaluator and outbox in a process of their own: judges the minutes from its third argument on, as many as its fourth says, as fast as
// it can, with a clock that leaps a minute at a time, and prints how many it judged. Tests start two of them on one database.
import { createLog } from "@msec/process";
import { openAlarmSeries } from "@msec/telemetry-store/alarm-series";
import { openServerStore } from "../../schema.ts";
import { Evaluator, evaluatorTimes } from "../evaluate/evaluator.ts";
import { Lease } from "../evaluate/lease.ts";
import { createAddressGuard, parseNetworks } from "../notify/address-guard.ts";
import { Outbox } from "../notify/outbox.ts";
import { secrets, settleMs } from "./test-alarms.ts";

const [url = "", socket = "", first = "0", count = "0"] = process.argv.slice(2);
await using store = await openServerStore(url);
await using series = openAlarmSeries({ socket });
let nowMs = 0;
const now = () => nowMs;
// Shorter than a minute: with each leap of the clock the lease is free for both.
// By the other clock nobody is taken for dead, however slow the machine is.
const lease = new Lease(store, String(process.pid), now, () => 0, 30_000);
const log = createLog({ name: "evaluator", level: "error" });
const readCluster = async () => ({ services: new Set<string>(), instances: [], hosts: [] });
const times = { ...evaluatorTimes, settleMs, recoverMs: 0 };
const evaluator = new Evaluator({ store, series, lease, readCluster, log, now, elapsed: now, times });
const guard = createAddressGuard(parseNetworks("127.0.0.1")!);
const outbox = new Outbox({ store, lease, secrets, guard, log, now, consoleUrl: "" });
let judged = 0;
for (let minute = Number(first); minute < Number(first) + Number(count); minute++) {
  nowMs = (minute + 1) * 60_000 + settleMs;
  judged += await evaluator.round();
  await outbox.deliver();
}
await lease.release();
process.stdout.write(String(judged));
