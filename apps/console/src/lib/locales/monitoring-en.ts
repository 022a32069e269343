/** The English texts of a server that only monitors; `monitoring-zh.ts` has the same keys. */
export const monitoringEn = {
  product: "monitor",
  reporters: "Reporting services",
  heard: "heard {{age}}",
  silent: "silent, last heard {{age}}",
  nothing: "Nothing has reported yet.",
  how: "How to report",
  title: "How programs report",
  lead: "This server only monitors. Its service tree is what reported in the last seven days; each of these ways is enough.",
  emptyLead:
    "Nothing has reported yet. This server only monitors: its service tree grows out of what is reported, by one of these ways.",
  wholeLead:
    "Services on msec report by themselves. Other programs report to the agent of their host, in one of these ways, and have curves, logs and request flows like them.",
  local: {
    title: "One HTTP call to the agent",
    lead: "From any language, without any library, over a unix socket of the host: counters, gauges and log lines.",
  },
  http: {
    title: "One HTTP call",
    lead: "From a script, without any library: counters (what came since the last report), gauges (how much there is now) and a log line, each of which may be left out.",
  },
  otlp: {
    title: "OpenTelemetry",
    lead: "From any OpenTelemetry SDK: spans become calls, curves and request flows; metrics become curves; logs become logs.",
    grpc: "Over gRPC:",
    agent: "In msec.ini of the host, and start its agent again:",
    program: "Then the program:",
  },
  agent: {
    title: "An agent on each host",
    lead: "It reports the host itself (sys.), keeps what programs report on disk while this server is away, and takes reports over its local API and, with otlp_listen, over OpenTelemetry.",
    enroll: "On this machine (db1 stands for what hostname says on the host):",
    start: "On the host, in a checkout of msec:",
    local: "Programs on that host:",
  },
  token: "The token is in the file that otlp_token_file names.",
  closed: "This server has no such door open. Start it with:",
  logsEmpty: "Programs report lines over OpenTelemetry, with one HTTP call, or through the agent of their host.",
  logsNoMatch: "Take a longer range, a lower level, or a part of the expression away.",
  requestsEmpty: "They appear here about two seconds after their spans were reported over OpenTelemetry.",
  hostsEmpty: "No agent has enrolled. Programs can report without one; an agent also reports its host.",
} as const;
