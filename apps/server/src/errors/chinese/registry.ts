import type { Sentence } from "./sentence.ts";

/** Services, instances, hosts, capacity, routing. */
export const registryChinese: readonly Sentence[] = [
  ["there is no service {}", "没有服务 {1}"],
  ["there is no host {}", "没有机器 {1}"],
  ["there is no such host", "没有这台机器"],
  ["there is no instance {}", "没有实例 {1}"],
  ["there is no operation {}", "没有操作 {1}"],
  [
    "{} still has {} instance{}; take them out of routing and remove them first",
    "{1} 还有 {2} 个实例，请先将其移出路由并删除",
  ],
  ["{} still has instances, of {} for one; remove them first", "{1} 上还有实例，例如 {2} 的，请先删除"],
  ["{} of {} is in routing; take it out first", "{2} 的 {1} 在路由中，请先移出"],
  ["instance {} of {} listens on nothing, so it cannot be in routing", "{2} 的实例 {1} 不监听端口，不能加入路由"],
  ["settings must be unset; {} is external and not ours to run", "不能有 settings：{1} 是异构服务，不由 msec 运行"],
  [
    "settings and stopped must be unset; {} is external and not ours to run",
    "不能有 settings 和 stopped：{1} 是异构服务，不由 msec 运行",
  ],
  [
    "the agent of {} says that its zone is {}; change zone in [agent] of its msec.ini",
    "{1} 的 agent 所报区域为 {2}，请修改该机器 msec.ini 中 [agent] 的 zone",
  ],
  ["kind {} must be 1 (standard) or 2 (external)", "kind {1} 必须是 1（标准）或 2（异构）"],
  ["policy.constants: {}", "policy.constants：{1}"],
  ["{} would have {} instances in routing; at most {} are possible", "{1} 将有 {2} 个实例在路由中，最多 {3} 个"],
  [
    "policy.hash_key {} must be empty or metadata:<name>, the name in lower case",
    "policy.hash_key {1} 必须为空，或为 metadata:<名称>，名称用小写",
  ],
  ["policy.hash_key means something to {} only", "policy.hash_key 只对 {1} 有意义"],
  ["policy.name {} is none; there are {}", "没有策略 {1}（policy.name），可用的有 {2}"],
  [
    "port is 0 and {} has no default; an external service needs one",
    "端口为 0 且 {1} 没有默认端口；异构服务必须有端口",
  ],
  [
    "service name {} must be two parts with a dot between, each a letter and then 1…31 letters, digits or underscores, like Flight.mod_flight",
    "服务名 {1} 必须由点分隔的两段组成，每段以字母开头，后接 1…31 个字母、数字或下划线，例如 Flight.mod_flight",
  ],
  [
    'service name {}: "agent" is the name of msec\'s own agent; choose another',
    "服务名 {1}：“agent”是 msec 自带 agent 的名称，请另选一个",
  ],
  ["{} must be an IPv4 or IPv6 address or a host name", "{1} 必须是 IPv4 或 IPv6 地址，或机器名"],
  ["{} means every address; name the one that callers reach", "{1} 表示所有地址，请填写调用方可达的地址"],
  ["this host has {} instances already, the most that one runs", "这台机器已有 {1} 个实例，达到上限"],
  ["host_id is empty; {} runs on msec, so name the host", "host_id 为空：{1} 运行在 msec 上，请指定机器"],
  ["host_id must be empty; {} is external and runs on no host", "host_id 必须为空：{1} 是异构服务，不在任何机器上运行"],
  ["transport must be TCP; {} runs on msec", "传输方式必须是 TCP：{1} 运行在 msec 上"],
  [
    "host name {} must be 1…63 letters, digits and ._-, beginning with a letter or digit",
    "机器名 {1} 必须是 1…63 个字母、数字或 ._-，并以字母或数字开头",
  ],
  ["zone {} must be at most {} letters, digits and ._-", "区域 {1} 最多 {2} 个字母、数字或 ._-"],
  [
    "the agent of {} does not tell its processes: it is not connected, or older than this server; look at its log",
    "{1} 的 agent 没有上报进程：未连接，或版本比服务器旧，请查看其日志",
  ],
  [
    "kind {} must be 1 (in), 2 (out), 3 (stop), 4 (start), 5 (restart) or 6 (reload)",
    "kind {1} 必须是 1（扩容）、2（缩容）、3（停止）、4（启动）、5（重启）或 6（重新加载）",
  ],
  ["{} operations run already; wait for one to end", "已有 {1} 个操作在进行，请等其中之一结束"],
  ["operation {} has ended already", "操作 {1} 已结束"],
  [
    "{} of {} is part of the running operation {}; wait for its end or cancel it",
    "{2} 的 {1} 正处于操作 {3} 中，请等它结束或将其取消",
  ],
  [
    "{} would have no instance in routing ({} now); add another first, or force it",
    "{1} 将没有实例在路由中（现有 {2} 个），请先增加一个，或强制执行",
  ],
  ["{} of {} {}", "{2} 的 {1} {3}"],
  ["{} of {} does not run on msec; start and stop it where it does", "{2} 的 {1} 不运行在 msec 上，请在其运行处启停"],
  ["listens on nothing, so it cannot be in routing", "不监听端口，不能加入路由"],
  ["does not run on msec; start and stop it where it does", "不运行在 msec 上，请在其运行处启停"],
  ["is stopped; there is nothing to reload", "已停止，没有可重新加载的进程"],
  ["is not seen to run{}; start it first, or force it", "未见其运行{1}；请先启动，或强制执行"],
];
