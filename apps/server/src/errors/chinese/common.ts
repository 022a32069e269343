import type { Sentence } from "./sentence.ts";

/** What is said at more than one place, or by the API itself. */
export const commonChinese: readonly Sentence[] = [
  ["{} must be {}…{}", "{1} 必须在 {2}…{3} 之间"],
  ["{} must be {}…{}, or 0", "{1} 必须在 {2}…{3} 之间，或为 0"],
  ["{} must be a whole number of {}…{}, or 0", "{1} 必须是 {2}…{3} 之间的整数，或为 0"],
  ["{} must be one of {}", "{1} 必须是以下之一：{2}"],
  ["{} has {} characters: at most {}", "{1} 有 {2} 个字符，最多 {3} 个"],
  ["{} has {} characters, expected {}", "{1} 有 {2} 个字符，应为 {3}"],
  ["at most {}", "最多 {1}"],
  ["{} has {} entries: at most {}", "{1} 有 {2} 项，最多 {3} 项"],
  ["{} has {} entries, expected {}", "{1} 有 {2} 项，应为 {3}"],
  ["{} has {} entries: expected {}", "{1} 有 {2} 项，应为 {3}"],
  ["{} has {} ids, expected {}", "{1} 有 {2} 个编号，应为 {3}"],
  ["filter is missing", "缺少 filter"],
  [
    "from_ms {} must be before to_ms {}, both milliseconds since 1970",
    "from_ms {1} 必须早于 to_ms {2}，均为 1970 年以来的毫秒数",
  ],
  [
    "from_ms {} and to_ms {} must be milliseconds since 1970, from before to",
    "from_ms {1} 和 to_ms {2} 必须是 1970 年以来的毫秒数，且前者早于后者",
  ],
  ["from_ms to to_ms is more than {} days", "from_ms 到 to_ms 超过 {1} 天"],
  ["something with the same name or address exists already", "已存在相同的名称或地址"],
  ["something that this refers to is gone, or is still referred to", "所引用的对象已不存在，或仍被引用"],
  ["a value is outside of what the database allows", "有一个值超出数据库允许的范围"],
  ["another change was in the way; try again", "与另一项修改冲突，请重试"],
  ["the control plane's database is not available; try again", "控制面的数据库暂不可用，请重试"],
  ["the server failed because of a defect of its own; see its log", "服务器因自身缺陷出错，详见其日志"],
  ["there is no such method in this version of msec", "此版本的 msec 没有这个接口"],
  ["this needs the operator's key, which the msec command has", "此操作需要操作员密钥，请使用 msec 命令"],
  ["sign in first: the session is missing, over or signed out", "请先登录：会话不存在、已过期或已退出"],
  ["too many failed sign-ins from {}; try again in {} s", "来自 {1} 的登录失败次数过多，请在 {2} 秒后重试"],
  [
    "this sign-in token is unknown, used or expired; get a new one with: npx msec token",
    "登录链接无效、已用过或已过期，请用 npx msec token 获取新的",
  ],
  [
    "name {} must be 1…64 letters, digits, blanks and ._@+'-, beginning with a letter or digit",
    "名称 {1} 必须是 1…64 个字母、数字、空格或 ._@+'-，并以字母或数字开头",
  ],
  [
    "this server only monitors (only = monitoring in [server] of msec.ini)",
    "此服务器只做监控（msec.ini 的 [server] 中 only = monitoring）",
  ],
  [
    "this server does not answer for the host {}; add it to allowed_hosts in [server] of msec.ini",
    "此服务器不以机器名 {1} 提供服务；如需要，请加入 msec.ini [server] 的 allowed_hosts",
  ],
  [
    "a change must come from the console itself (Sec-Fetch-Site, Origin) or carry the operator's key",
    "修改必须来自控制台自身（Sec-Fetch-Site、Origin），或带有操作员密钥",
  ],
  ["{} has reported nothing in the last {} days", "{1} 最近 {2} 天没有上报过数据"],
];
