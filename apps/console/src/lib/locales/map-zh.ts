import type { mapEn, searchEn } from "./map-en.ts";

type Plural<Texts> = Omit<Texts, Extract<keyof Texts, `${string}_one`>>;

/** The Chinese texts of the service map. */
export const mapZh: Plural<typeof mapEn> = {
  title: "服务拓扑",
  lead: "谁调用谁，按每一次调用统计。点击箭头查看曲线，点击方框进入服务。",
  service: "服务",
  anyService: "全部服务",
  failedOnly: "仅看有失败的",
  minRate: "最少调用/秒",
  minRatePlaceholder: "≥ 调用/秒",
  range: "时间范围",
  live: "实时（最近一分钟）",
  earlier: "更早",
  later: "更晚",
  upTo: "截至 {{time}}",
  now: "回到现在",
  diagram: "拓扑图",
  calls: "调用",
  edges_other: "{{count}} 条调用关系",
  services_other: "{{count}} 个服务",
  external: "异构服务",
  outside: "未注册",
  nobody: "外部调用方",
  addressed: "按地址调用",
  addressedHint: "调用时使用地址而不是服务名；对方若运行在 msec 上，会自己上报调用方",
  nobodyHint: "除了调用本身，对其一无所知",
  perSecond: "{{rate}} 次/秒",
  errors: "失败 {{ratio}}",
  caller: "调用方",
  callee: "被调方",
  rate: "调用/秒",
  failed: "失败率",
  emptyTitle: "没有调用",
  emptyTodo: "该时间范围内没有符合条件的调用。请选择更长的时间范围，或去掉筛选条件。",
  truncated: "调用关系更多，这里是调用最多的 1,000 条。选择一个服务可查看它的全部。",
  many: "共 {{count}} 条调用关系，画成图难以看清：请选择服务，或设置最低调用/秒。下表列出全部。",
  curvesOf: "{{caller}} 调用 {{callee}} 的曲线",
};

/** The Chinese texts of the search of requests. */
export const searchZh: typeof searchEn = {
  method: "方法",
  caller: "调用方",
  instance: "实例 ip:端口",
  host: "机器",
  anyResult: "任意结果",
  min: "最短",
  max: "最长",
  minLabel: "最短耗时（毫秒）",
  maxLabel: "最长耗时（毫秒）",
  order: "排序",
  clear: "清除筛选",
  call: "命中的调用",
  searchedTo: "已查到 {{time}}",
  noMatchTodo: "该时间范围内没有任何请求包含同时满足这些条件的调用。请去掉筛选条件，或选择更长的时间范围。",
};
