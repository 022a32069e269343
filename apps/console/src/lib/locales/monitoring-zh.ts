/** The Chinese texts of a server that only monitors; `monitoring-en.ts` has the same keys. */
export const monitoringZh = {
  product: "监控",
  reporters: "上报的服务",
  heard: "{{age}}有上报",
  silent: "无上报，最近一次在{{age}}",
  nothing: "还没有任何上报。",
  how: "如何上报",
  title: "程序如何上报",
  lead: "本服务器只做监控。服务树由最近七天的上报生成；以下方式任选其一即可。",
  emptyLead: "还没有任何上报。本服务器只做监控，服务树由上报生成；以下方式任选其一即可。",
  wholeLead:
    "运行在 msec 上的服务自动上报。其他程序可用以下任一方式向所在机器的 agent 上报，同样会有曲线、日志和请求路径。",
  local: {
    title: "向 agent 发一次 HTTP 调用",
    lead: "任何语言均可，不需要任何库，通过本机的 unix socket：累加值、瞬时值和日志。",
  },
  http: {
    title: "一次 HTTP 调用",
    lead: "脚本即可上报，不需要任何库：counters 为自上次上报以来的增量，gauges 为当前值，text 为一行日志；均可省略。",
  },
  otlp: {
    title: "OpenTelemetry 接入",
    lead: "任何 OpenTelemetry SDK 均可：span 成为调用曲线与请求路径，指标成为曲线，日志成为日志。",
    grpc: "通过 gRPC：",
    agent: "在该机器的 msec.ini 中配置，并重新启动 agent：",
    program: "然后启动程序：",
  },
  agent: {
    title: "每台机器一个 agent",
    lead: "上报机器本身的属性（sys.）；服务器不可用时把程序的上报保存在磁盘；程序可通过其本地 API 上报，配置 otlp_listen 后也可通过 OpenTelemetry。",
    enroll: "在本机（db1 应为目标机器上 hostname 的输出）：",
    start: "在目标机器的 msec 目录中：",
    local: "该机器上的程序：",
  },
  token: "令牌在 otlp_token_file 指定的文件中。",
  closed: "本服务器没有打开该入口。启动时加上：",
  logsEmpty: "程序可通过 OpenTelemetry、一次 HTTP 调用或所在机器的 agent 上报日志。",
  logsNoMatch: "可扩大时间范围、降低级别，或去掉部分条件。",
  requestsEmpty: "调用记录经 OpenTelemetry 上报约两秒后显示在这里。",
  hostsEmpty: "还没有 agent 加入。程序可以不经 agent 上报；agent 还会上报机器本身的属性。",
} as const;
