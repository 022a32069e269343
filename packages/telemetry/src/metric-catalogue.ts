import { SampleKind } from "./batch.ts";

/** What a metric counts in. */
export const MetricUnit = {
  Percent: "percent",
  Bytes: "bytes",
  Milliseconds: "ms",
  /** Things: packets, operations, files. */
  Count: "count",
} as const;
/** What a metric counts in. */
export type MetricUnit = (typeof MetricUnit)[keyof typeof MetricUnit];

/** A metric's name in OpenTelemetry's semantic conventions. */
export type OpenTelemetryMetric = {
  readonly name: string;
  /** UCUM, as the conventions say: `1`, `By`, `s`, `{packet}`. */
  readonly unit: string;
  /** Our value times this is theirs: 0.01 from percent to a ratio. */
  readonly scale: number;
  /** `*` stands for the variable part of our name. */
  readonly attributes: Readonly<Record<string, string>>;
};

/** What is known of a metric that hosts or the framework report. */
export type MetricEntry = {
  /** With its family; `*` stands for the part that varies: a core, a mount point, a device, an interface. */
  readonly name: string;
  readonly kind: SampleKind;
  readonly unit: MetricUnit;
  readonly english: string;
  readonly chinese: string;
  /** The original's name, where it had one. */
  readonly original?: string;
  readonly openTelemetry?: OpenTelemetryMetric;
};

const { counter, gauge } = SampleKind;
const { Percent, Bytes, Milliseconds, Count } = MetricUnit;

const otel = (name: string, unit: string, attributes: Record<string, string> = {}, scale = 1): OpenTelemetryMetric => ({
  name,
  unit,
  scale,
  attributes,
});
const entry = (
  name: string,
  kind: SampleKind,
  unit: MetricUnit,
  [english, chinese]: readonly [string, string],
  original?: string,
  openTelemetry?: OpenTelemetryMetric,
): MetricEntry => ({
  name,
  kind,
  unit,
  english,
  chinese,
  ...(original === undefined ? {} : { original }),
  ...(openTelemetry === undefined ? {} : { openTelemetry }),
});

const cpu = "system.cpu.utilization";
const device = { "system.device": "*" };
const port = { "network.interface.name": "*" };
const tcp = { "network.transport": "tcp" };
const udp = { "network.transport": "udp" };
const received = { "network.io.direction": "receive" };
const sent = { "network.io.direction": "transmit" };
const read = { "disk.io.direction": "read" };
const write = { "disk.io.direction": "write" };

/**
 * Every metric that hosts (`sys.`) and the framework (`frm.`) report, each once. Counters hold what came in the interval, not a total.
 *
 * @see docs/reference/metrics.md, which a test compares with this
 * @see https://opentelemetry.io/docs/specs/semconv/system/
 */
export const metricCatalogue: readonly MetricEntry[] = [
  entry(
    "sys.cpu.used_percent",
    gauge,
    Percent,
    ["CPU in use, all cores", "CPU 使用率"],
    "sys.CPU_Used(%)",
    otel(cpu, "1", {}, 0.01),
  ),
  entry(
    "sys.cpu.iowait_percent",
    gauge,
    Percent,
    ["CPU waiting for disks", "CPU 等待磁盘"],
    undefined,
    otel(cpu, "1", { "cpu.mode": "iowait" }, 0.01),
  ),
  entry(
    "sys.cpu.steal_percent",
    gauge,
    Percent,
    ["CPU taken by the hypervisor", "CPU 被宿主机占用"],
    undefined,
    otel(cpu, "1", { "cpu.mode": "steal" }, 0.01),
  ),
  entry(
    "sys.cpu.*.used_percent",
    gauge,
    Percent,
    ["One core in use", "单核 CPU 使用率"],
    "sys.CPU<n>_Used(%)",
    otel(cpu, "1", { "cpu.logical_number": "*" }, 0.01),
  ),
  entry(
    "sys.load.1m",
    gauge,
    Count,
    ["Load average, 1 minute", "1 分钟负载"],
    "sys.CPU_LoadAvg_1Min(*100)",
    otel("system.cpu.load_average.1m", "{thread}"),
  ),
  entry(
    "sys.load.5m",
    gauge,
    Count,
    ["Load average, 5 minutes", "5 分钟负载"],
    "sys.CPU_LoadAvg_5Mins(*100)",
    otel("system.cpu.load_average.5m", "{thread}"),
  ),
  entry(
    "sys.load.15m",
    gauge,
    Count,
    ["Load average, 15 minutes", "15 分钟负载"],
    "sys.CPU_LoadAvg_15Mins(*100)",
    otel("system.cpu.load_average.15m", "{thread}"),
  ),
  entry(
    "sys.memory.total_bytes",
    gauge,
    Bytes,
    ["Memory of the host", "内存总量"],
    undefined,
    otel("system.memory.limit", "By"),
  ),
  entry(
    "sys.memory.used_bytes",
    gauge,
    Bytes,
    ["Memory that programs cannot get", "已用内存"],
    "sys.Memory_Used(MB)",
    otel("system.memory.usage", "By", { "system.memory.state": "used" }),
  ),
  entry(
    "sys.memory.available_bytes",
    gauge,
    Bytes,
    ["Memory that programs could get", "可用内存"],
    "sys.Memory_Free(MB)",
    otel("system.linux.memory.available", "By"),
  ),
  entry(
    "sys.memory.cached_bytes",
    gauge,
    Bytes,
    ["Files kept in memory", "页缓存"],
    undefined,
    otel("system.memory.usage", "By", { "system.memory.state": "cached" }),
  ),
  entry(
    "sys.memory.used_percent",
    gauge,
    Percent,
    ["Memory that programs cannot get", "内存使用率"],
    undefined,
    otel("system.memory.utilization", "1", { "system.memory.state": "used" }, 0.01),
  ),
  entry(
    "sys.swap.used_bytes",
    gauge,
    Bytes,
    ["Swap in use", "已用交换区"],
    undefined,
    otel("system.paging.usage", "By", { "system.paging.state": "used" }),
  ),
  entry(
    "sys.swap.in_pages",
    counter,
    Count,
    ["Pages read from swap", "换入页数"],
    undefined,
    otel("system.paging.operations", "{operation}", { "system.paging.direction": "in" }),
  ),
  entry(
    "sys.swap.out_pages",
    counter,
    Count,
    ["Pages written to swap", "换出页数"],
    undefined,
    otel("system.paging.operations", "{operation}", { "system.paging.direction": "out" }),
  ),
  entry(
    "sys.disk.*.used_percent",
    gauge,
    Percent,
    ["Disk space in use", "磁盘使用率"],
    "sys.DIR_/_Used(%)",
    otel("system.filesystem.utilization", "1", { "system.filesystem.mountpoint": "*" }, 0.01),
  ),
  entry(
    "sys.disk.*.used_bytes",
    gauge,
    Bytes,
    ["Disk space in use", "磁盘已用空间"],
    undefined,
    otel("system.filesystem.usage", "By", { "system.filesystem.mountpoint": "*", "system.filesystem.state": "used" }),
  ),
  entry(
    "sys.disk.*.free_bytes",
    gauge,
    Bytes,
    ["Disk space that programs can get", "磁盘可用空间"],
    undefined,
    otel("system.filesystem.usage", "By", { "system.filesystem.mountpoint": "*", "system.filesystem.state": "free" }),
  ),
  entry(
    "sys.io.*.read_bytes",
    counter,
    Bytes,
    ["Read from the disk", "磁盘读字节"],
    "sys.IO_Read(KB/s)",
    otel("system.disk.io", "By", { ...device, ...read }),
  ),
  entry(
    "sys.io.*.written_bytes",
    counter,
    Bytes,
    ["Written to the disk", "磁盘写字节"],
    "sys.IO_Write(KB/s)",
    otel("system.disk.io", "By", { ...device, ...write }),
  ),
  entry(
    "sys.io.*.reads",
    counter,
    Count,
    ["Reads of the disk", "磁盘读次数"],
    "sys.IO_Read(Req/s)",
    otel("system.disk.operations", "{operation}", { ...device, ...read }),
  ),
  entry(
    "sys.io.*.writes",
    counter,
    Count,
    ["Writes of the disk", "磁盘写次数"],
    "sys.IO_Write(Req/s)",
    otel("system.disk.operations", "{operation}", { ...device, ...write }),
  ),
  entry(
    "sys.io.*.wait_ms",
    gauge,
    Milliseconds,
    ["Time that a disk operation took, on average", "磁盘平均等待时间"],
    "sys.IO_Avg_Wait(us)",
  ),
  entry(
    "sys.io.*.busy_percent",
    gauge,
    Percent,
    ["Time in which the disk had work", "磁盘繁忙率"],
    "sys.IO_Avg_SvcTime(us)",
    otel("system.disk.io_time", "s", device, 0.1),
  ),
  entry(
    "sys.net.*.received_bytes",
    counter,
    Bytes,
    ["Received by the interface", "网卡接收字节"],
    "sys.<if>_In(KB/m)",
    otel("system.network.io", "By", { ...port, ...received }),
  ),
  entry(
    "sys.net.*.sent_bytes",
    counter,
    Bytes,
    ["Sent by the interface", "网卡发送字节"],
    "sys.<if>_Out(KB/m)",
    otel("system.network.io", "By", { ...port, ...sent }),
  ),
  entry(
    "sys.net.*.received_packets",
    counter,
    Count,
    ["Packets received", "网卡接收包"],
    "sys.<if>_In(Pkt/m)",
    otel("system.network.packet.count", "{packet}", { ...port, ...received }),
  ),
  entry(
    "sys.net.*.sent_packets",
    counter,
    Count,
    ["Packets sent", "网卡发送包"],
    "sys.<if>_Out(Pkt/m)",
    otel("system.network.packet.count", "{packet}", { ...port, ...sent }),
  ),
  entry(
    "sys.net.*.errors",
    counter,
    Count,
    ["Errors of the interface", "网卡错误"],
    undefined,
    otel("system.network.errors", "{error}", port),
  ),
  entry(
    "sys.net.*.dropped_packets",
    counter,
    Count,
    ["Packets dropped by the interface", "网卡丢包"],
    undefined,
    otel("system.network.packet.dropped", "{packet}", port),
  ),
  entry(
    "sys.tcp.received_segments",
    counter,
    Count,
    ["TCP segments received", "TCP 接收段"],
    "sys.TCP_Recv(Pkt/m)",
    otel("system.network.packet.count", "{packet}", { ...tcp, ...received }),
  ),
  entry(
    "sys.tcp.sent_segments",
    counter,
    Count,
    ["TCP segments sent", "TCP 发送段"],
    "sys.TCP_Sent(Pkt/m)",
    otel("system.network.packet.count", "{packet}", { ...tcp, ...sent }),
  ),
  entry("sys.tcp.retransmitted_segments", counter, Count, ["TCP segments sent again", "TCP 重传段"]),
  entry(
    "sys.tcp.errors",
    counter,
    Count,
    ["TCP segments received in error", "TCP 错误段"],
    "sys.TCP_Errors(Pkt/m)",
    otel("system.network.errors", "{error}", { ...tcp, ...received }),
  ),
  entry("sys.tcp.refused_connections", counter, Count, [
    "Connections dropped because a listener's queue was full",
    "监听队列溢出",
  ]),
  entry(
    "sys.tcp.connections",
    gauge,
    Count,
    ["Open TCP connections", "TCP 连接数"],
    undefined,
    otel("system.network.connection.count", "{connection}", { ...tcp, "network.connection.state": "established" }),
  ),
  entry(
    "sys.udp.received_datagrams",
    counter,
    Count,
    ["UDP datagrams received", "UDP 接收包"],
    "sys.UDP_Recv(Pkt/m)",
    otel("system.network.packet.count", "{packet}", { ...udp, ...received }),
  ),
  entry(
    "sys.udp.sent_datagrams",
    counter,
    Count,
    ["UDP datagrams sent", "UDP 发送包"],
    "sys.UDP_Sent(Pkt/m)",
    otel("system.network.packet.count", "{packet}", { ...udp, ...sent }),
  ),
  entry(
    "sys.udp.errors",
    counter,
    Count,
    ["UDP datagrams received in error", "UDP 错误包"],
    "sys.UDP_Errors(Pkt/m)",
    otel("system.network.errors", "{error}", { ...udp, ...received }),
  ),
  entry(
    "sys.udp.receive_buffer_errors",
    counter,
    Count,
    ["UDP datagrams lost for want of receive buffer", "UDP 接收缓冲区错误"],
    "sys.UDP_RecvbufError(Pkt/m)",
  ),
  entry(
    "sys.udp.send_buffer_errors",
    counter,
    Count,
    ["UDP datagrams lost for want of send buffer", "UDP 发送缓冲区错误"],
    "sys.UDP_SndbufError(Pkt/m)",
  ),
  entry("sys.limit.memory_bytes", gauge, Bytes, [
    "Memory that the container or unit of the agent may use",
    "容器内存上限",
  ]),
  entry(
    "sys.limit.memory_used_bytes",
    gauge,
    Bytes,
    ["Memory that it uses, without files that nobody reads", "容器已用内存"],
    undefined,
    otel("container.memory.working_set", "By"),
  ),
  entry("sys.limit.memory_used_percent", gauge, Percent, ["The same of what it may use", "容器内存使用率"]),
  entry("sys.limit.cpu_cores", gauge, Count, [
    "Cores that the container or unit of the agent may use",
    "容器 CPU 核数上限",
  ]),
  entry("sys.limit.cpu_used_percent", gauge, Percent, ["CPU in use, of what it may use", "容器 CPU 使用率"]),
  entry("sys.limit.cpu_throttled_ms", counter, Milliseconds, [
    "Time for which it was stopped because it had used its CPU",
    "容器 CPU 被限流的时长",
  ]),
  entry("sys.agent.unsaved_ms", gauge, Milliseconds, [
    "How long routes or assignment on the agent's disk have been older than those in use: it is full",
    "代理磁盘已满，路由或实例分配未落盘的时长",
  ]),
  entry("sys.spool.used_bytes", gauge, Bytes, [
    "Telemetry that the agent has and the server not yet",
    "代理尚未上报的数据",
  ]),
  entry("sys.spool.dropped_batches", counter, Count, [
    "Batches of telemetry that the agent had to drop: its spool or its disk is full",
    "代理丢弃的数据批次（缓存或磁盘已满）",
  ]),
  entry(
    "frm.process.cpu_percent",
    gauge,
    Percent,
    ["CPU of the process; one core is 100", "进程 CPU"],
    undefined,
    otel("process.cpu.utilization", "1", {}, 0.01),
  ),
  entry(
    "frm.process.memory_rss_bytes",
    gauge,
    Bytes,
    ["Memory of the process", "进程内存 (RSS)"],
    undefined,
    otel("process.memory.usage", "By"),
  ),
  entry(
    "frm.process.heap_used_bytes",
    gauge,
    Bytes,
    ["JavaScript heap in use", "已用堆内存"],
    undefined,
    otel("v8js.memory.heap.used", "By"),
  ),
  entry(
    "frm.process.open_files",
    gauge,
    Count,
    ["Open files and sockets", "打开的文件描述符"],
    undefined,
    otel("process.unix.file_descriptor.count", "{file_descriptor}"),
  ),
  entry("frm.process.handles", gauge, Count, ["What keeps the process alive: sockets, timers, requests", "活动句柄"]),
  entry(
    "frm.loop.delay_p50_ms",
    gauge,
    Milliseconds,
    ["Lateness of the event loop, median", "事件循环延迟 p50"],
    undefined,
    otel("nodejs.eventloop.delay.p50", "s", {}, 0.001),
  ),
  entry(
    "frm.loop.delay_p99_ms",
    gauge,
    Milliseconds,
    ["Lateness of the event loop, 99th percentile", "事件循环延迟 p99"],
    undefined,
    otel("nodejs.eventloop.delay.p99", "s", {}, 0.001),
  ),
  entry(
    "frm.loop.delay_max_ms",
    gauge,
    Milliseconds,
    ["Lateness of the event loop, worst", "事件循环最大延迟"],
    undefined,
    otel("nodejs.eventloop.delay.max", "s", {}, 0.001),
  ),
  entry(
    "frm.loop.used_percent",
    gauge,
    Percent,
    ["Time in which the event loop had work", "事件循环使用率"],
    undefined,
    otel("nodejs.eventloop.utilization", "1", {}, 0.01),
  ),
  entry(
    "frm.gc.pause_ms",
    counter,
    Milliseconds,
    ["Pauses for garbage collection", "GC 暂停时间"],
    undefined,
    otel("v8js.gc.duration", "s", {}, 0.001),
  ),
  entry("frm.gc.count", counter, Count, ["Garbage collections", "GC 次数"]),
  entry("frm.telemetry.dropped_rows", counter, Count, [
    "Spans, log lines and samples that the process had to drop",
    "丢弃的跨度、日志和指标条数",
  ]),
  entry("frm.telemetry.left_out_spans", counter, Count, [
    "Calls that were counted and kept no span: more came than the host's rate",
    "超过主机采样上限、已计数但未保存跨度的调用数",
  ]),
  entry("frm.log.dropped_lines", counter, Count, [
    "Lines that the program's log file could not take: its disk is full",
    "日志文件写不下的行数（磁盘已满）",
  ]),
  entry("frm.connections.refused", counter, Count, [
    "Connections that the service's port refused: too many in all, or of one peer",
    "服务端口拒绝的连接数（总数或单个来源过多）",
  ]),
];

const exact = new Map(metricCatalogue.filter(({ name }) => !name.includes("*")).map((one) => [one.name, one]));
const varying = metricCatalogue
  .filter(({ name }) => name.includes("*"))
  .map((one) => {
    const [prefix = "", suffix = ""] = one.name.split("*");
    return { one, prefix, suffix };
  });

/**
 * What is known of a metric, with the part of its name that varies; `undefined` for what developers report (`usr.`).
 *
 * @param name  `sys.net.eth0.sent_bytes`
 */
export function findMetric(name: string): { readonly entry: MetricEntry; readonly variable: string } | undefined {
  const known = exact.get(name);
  if (known !== undefined) return { entry: known, variable: "" };
  for (const { one, prefix, suffix } of varying) {
    if (name.length > prefix.length + suffix.length && name.startsWith(prefix) && name.endsWith(suffix)) {
      return { entry: one, variable: name.slice(prefix.length, name.length - suffix.length) };
    }
  }
  return undefined;
}
