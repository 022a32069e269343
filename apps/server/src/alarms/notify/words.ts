import {
  AlarmCondition,
  AlarmDirection,
  AlarmEvent,
  AlarmScope,
  AlarmSeverity,
  AlarmSubject,
} from "@msec/api/console/v1/alarms_pb.js";

/** The languages of messages. */
export type MessageLanguage = "en" | "zh";

/** Words of messages in both languages, in the original's terms where it had some. */
export const words = {
  en: {
    severity: {
      [AlarmSeverity.UNSPECIFIED]: "",
      [AlarmSeverity.NOTICE]: "Notice",
      [AlarmSeverity.WARNING]: "Warning",
      [AlarmSeverity.CRITICAL]: "Critical",
    },
    event: {
      [AlarmEvent.UNSPECIFIED]: "Test",
      [AlarmEvent.OPENED]: "Alarm",
      [AlarmEvent.ESCALATED]: "Nobody has acknowledged",
      [AlarmEvent.RESOLVED]: "Resolved",
    },
    subject: {
      [AlarmSubject.UNSPECIFIED]: "",
      [AlarmSubject.CALLS]: "calls",
      [AlarmSubject.ERROR_RATIO]: "error ratio",
      [AlarmSubject.P99]: "p99 latency",
      [AlarmSubject.METRIC]: "metric",
      [AlarmSubject.LOG]: "log lines",
      [AlarmSubject.LIVENESS]: "liveness",
    },
    silent: "no data",
    down: {
      [AlarmScope.UNSPECIFIED]: "",
      [AlarmScope.TOTAL]: "",
      [AlarmScope.INSTANCE]: "does not run",
      [AlarmScope.HOST]: "host does not report",
    },
    was: "Before",
    forMinutes: (n: number, m: number) => (m === 1 ? "in one minute" : `in ${n} of ${m} minutes`),
    rule: "Rule",
    target: "Target",
    since: "Since",
    last: "Last bad minute",
    minutes: "Bad minutes",
    peak: "Worst",
    note: "What to do",
    details: "Details",
    targets: (n: number) => `${n} targets`,
    digest: (n: number) => `${n} more alarms`,
    digestWhy: "The channel has had its number of messages; these come as one.",
    andMore: (n: number) => `… and ${n} more`,
    test: "Test of an alarm channel",
    testText: (name: string) => `This is a test of the channel ${name}. If you can read it, alarms will arrive here.`,
    colon: ": ",
  },
  zh: {
    severity: {
      [AlarmSeverity.UNSPECIFIED]: "",
      [AlarmSeverity.NOTICE]: "提示",
      [AlarmSeverity.WARNING]: "警告",
      [AlarmSeverity.CRITICAL]: "严重",
    },
    event: {
      [AlarmEvent.UNSPECIFIED]: "测试",
      [AlarmEvent.OPENED]: "告警",
      [AlarmEvent.ESCALATED]: "告警无人确认",
      [AlarmEvent.RESOLVED]: "告警恢复",
    },
    subject: {
      [AlarmSubject.UNSPECIFIED]: "",
      [AlarmSubject.CALLS]: "调用量",
      [AlarmSubject.ERROR_RATIO]: "失败率",
      [AlarmSubject.P99]: "p99 耗时",
      [AlarmSubject.METRIC]: "属性",
      [AlarmSubject.LOG]: "日志行数",
      [AlarmSubject.LIVENESS]: "存活",
    },
    silent: "无数据",
    down: {
      [AlarmScope.UNSPECIFIED]: "",
      [AlarmScope.TOTAL]: "",
      [AlarmScope.INSTANCE]: "未运行",
      [AlarmScope.HOST]: "机器无上报",
    },
    was: "对比值",
    forMinutes: (n: number, m: number) => (m === 1 ? "持续 1 分钟" : `${m} 分钟内有 ${n} 分钟`),
    rule: "规则",
    target: "对象",
    since: "开始时间",
    last: "最近异常分钟",
    minutes: "异常分钟数",
    peak: "最差值",
    note: "处理办法",
    details: "详情",
    targets: (n: number) => `${n} 个对象`,
    digest: (n: number) => `另有 ${n} 条告警`,
    digestWhy: "该渠道的消息数已达上限，合并为一条发送。",
    andMore: (n: number) => `……还有 ${n} 条`,
    test: "告警渠道测试",
    testText: (name: string) => `这是告警渠道“${name}”的测试消息。看到它说明告警可以送达这里。`,
    colon: "：",
  },
} as const;

/** Signs of conditions, the same in both languages. */
export const conditionSigns: Readonly<Record<AlarmCondition, string>> = {
  [AlarmCondition.UNSPECIFIED]: "",
  [AlarmCondition.ABOVE]: ">",
  [AlarmCondition.BELOW]: "<",
  [AlarmCondition.CHANGE]: "Δ >",
  [AlarmCondition.CHANGE_PERCENT]: "Δ% >",
  [AlarmCondition.SILENT]: "",
};

/** Signs of directions. */
export const directionSigns: Readonly<Record<AlarmDirection, string>> = {
  [AlarmDirection.UNSPECIFIED]: "",
  [AlarmDirection.BOTH]: "±",
  [AlarmDirection.RISE]: "↑",
  [AlarmDirection.FALL]: "↓",
};
