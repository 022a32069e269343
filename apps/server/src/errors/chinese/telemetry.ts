import type { Sentence } from "./sentence.ts";

/** Curves, logs, requests, dyeing, retention. */
export const telemetryChinese: readonly Sentence[] = [
  [
    "nothing is known of request {}; spans arrive a second or two after the request, and are kept for days",
    "没有请求 {1} 的记录；记录在请求之后一两秒到达，并保留数天",
  ],
  [
    "request id {}: expected 32 hex digits, 16 hex digits or up to 20 decimal digits",
    "请求ID {1}：应为 32 位十六进制、16 位十六进制或最多 20 位十进制数字",
  ],
  ["side {} must be 1 (server) or 2 (client)", "side {1} 必须是 1（被调）或 2（主调）"],
  ["side {} must be 1 or 2", "side {1} 必须是 1 或 2"],
  ["type {} must be 1 (text), 2 (integer) or 3 (number)", "type {1} 必须是 1（文本）、2（整数）或 3（数值）"],
  ["type {} must be text, integer or number", "type {1} 必须是 text、integer 或 number"],
  ["format {} must be 1 (NDJSON) or 2 (CSV)", "format {1} 必须是 1（NDJSON）或 2（CSV）"],
  ["{} others follow the log already; try again later", "已有 {1} 人在跟踪日志，请稍后再试"],
  ["the telemetry store failed; see the server's log", "遥测存储出错，详见服务器日志"],
  [
    "the telemetry store does not answer at the moment; calls and routing go on without it",
    "遥测存储暂无响应；调用和路由不受影响",
  ],
  [
    "the disk of the telemetry store is full: agents keep what they have until there is room; free space on it, or keep less (the monitor page's retention)",
    "遥测存储的磁盘已满：在有空间之前数据保留在各 agent；请清理磁盘，或缩短保留期（监控页的“保留”）",
  ],
  ["the expression {} cannot be read: {}", "无法读取表达式 {1}：{2}"],
  [
    "the question takes longer than {} s; narrow the time, or name a service or a request",
    "查询超过 {1} 秒；请缩小时间范围，或指定服务或请求",
  ],
  ["the answer is larger than 64 MiB; ask for fewer lines", "结果超过 64 MiB，请减少行数"],
  ["{} is no id of a line: expected <microseconds>_<number>", "{1} 不是日志行的编号，应为 <微秒>_<数字>"],
  ["after {} is not what an earlier answer said", "after {1} 不是先前结果给出的值"],
  ["after {} must be the next of a page before", "after {1} 必须是上一页给出的 next"],
  ["min_us {} must not be above max_us {}", "min_us {1} 不能大于 max_us {2}"],
  ["codes {} must be at most 17 numbers of 0…255", "codes {1} 最多 17 个，每个在 0…255 之间"],
  [
    "step_s {} gives {} points: at most {}; choose a larger step",
    "step_s {1} 会产生 {2} 个点，最多 {3} 个，请加大步长",
  ],
  ["to_ms − from_ms {} must be at most {} days", "to_ms − from_ms {1} 最多 {2} 天"],
  ["{} columns: at most {}; take a longer step", "{1} 列，最多 {2} 列，请加大步长"],
  ["every line has a column {}; {} is a name of it", "每行都有 {1} 列，{2} 是它的名称"],
  ["{} fields are defined already; remove one first", "已定义 {1} 个字段，请先删除一个"],
  ["the field {} is defined already", "字段 {1} 已定义"],
  ["the field {} is not defined", "没有定义字段 {1}"],
  [
    "{} is no name of a field: a letter, then letters, digits and _, at most 48",
    "{1} 不是字段名：以字母开头，后接字母、数字或 _，最多 48 个",
  ],
  ["retention of {}: {}", "{1} 的保留期：{2}"],
  ["expected one of {}", "应为以下之一：{1}"],
  ["named twice", "出现了两次"],
  ["retention is empty: name at least one kind", "没有给出保留期：至少指定一种数据"],
  ["max_bytes {} must be 0 (no limit) or {}…{}", "max_bytes {1} 必须是 0（不限）或在 {2}…{3} 之间"],
  ["{} dye rules hold already; end one first", "已有 {1} 条染色规则生效，请先结束一条"],
  ["there is no dye rule {}", "没有染色规则 {1}"],
  ["field and caller are empty: the rule would dye every request", "字段和调用方都为空：该规则会染色所有请求"],
  ["value has no field to be compared with", "有值而没有要比较的字段"],
  [
    "field {} must be a letter or _, then letters, digits, _ . -, at most 128 characters",
    "字段 {1} 必须以字母或 _ 开头，后接字母、数字、_ . -，最多 128 个字符",
  ],
];
