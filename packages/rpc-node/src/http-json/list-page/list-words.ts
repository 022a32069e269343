/** The words of the page; those of the script are handed to it in `data-` attributes. */
export interface ListWords {
  readonly language: string;
  readonly title: string;
  readonly lead: string;
  readonly methods: string;
  readonly none: string;
  readonly request: string;
  readonly response: string;
  readonly body: string;
  readonly call: string;
  readonly calling: string;
  readonly keys: string;
  readonly reset: string;
  readonly curl: string;
  readonly copy: string;
  readonly copied: string;
  readonly answer: string;
  readonly requestId: string;
  readonly duration: string;
  readonly noFields: string;
  readonly above: string;
  readonly notJson: string;
  readonly failed: string;
  readonly cut: string;
  readonly streaming: string;
  readonly noScript: string;
  readonly idempotent: string;
  readonly noSideEffects: string;
  readonly unknownEffects: string;
  readonly deprecated: string;
}

const english: ListWords = {
  language: "en",
  title: "Methods of this service",
  lead: "Everything that listens on this port, with its types. A call made here is a real call.",
  methods: "Methods",
  none: "No service has been added to this listener.",
  request: "Request",
  response: "Response",
  body: "Request as JSON",
  call: "Call",
  calling: "Calling …",
  keys: "Ctrl + Enter calls",
  reset: "Start over",
  curl: "The same call with curl",
  copy: "Copy",
  copied: "Copied",
  answer: "Answer",
  requestId: "request id",
  duration: "took",
  noFields: "no fields",
  above: "see above",
  notJson: "This is not JSON: ",
  failed: "No answer: ",
  cut: "… cut here; curl gives the rest",
  streaming: "A streaming method: call it by gRPC, gRPC-Web or Connect on this port.",
  noScript: "Calling from this page needs JavaScript; the types and curl work without.",
  idempotent: "idempotent",
  noSideEffects: "no side effects",
  unknownEffects: "not marked idempotent",
  deprecated: "deprecated",
};

const chinese: ListWords = {
  language: "zh-CN",
  title: "本服务的方法",
  lead: "此端口提供的所有方法及其类型。在这里发起的是真实调用。",
  methods: "方法",
  none: "此监听端口还没有添加任何服务。",
  request: "请求",
  response: "响应",
  body: "请求（JSON）",
  call: "调用",
  calling: "调用中……",
  keys: "Ctrl + Enter 调用",
  reset: "重置",
  curl: "用 curl 发起同样的调用",
  copy: "复制",
  copied: "已复制",
  answer: "应答",
  requestId: "请求 ID",
  duration: "耗时",
  noFields: "没有字段",
  above: "见上文",
  notJson: "不是合法的 JSON：",
  failed: "没有应答：",
  cut: "……此处截断，完整内容请用 curl 获取",
  streaming: "流式方法：请在此端口上用 gRPC、gRPC-Web 或 Connect 调用。",
  noScript: "在本页调用需要 JavaScript；查看类型和使用 curl 不需要。",
  idempotent: "幂等",
  noSideEffects: "无副作用",
  unknownEffects: "未标注为幂等",
  deprecated: "已弃用",
};

/** Chinese where the header `Accept-Language` prefers it to English, else English. */
export function listWords(acceptLanguage: string | undefined): ListWords {
  let best = english;
  let bestQuality = 0;
  for (const part of (acceptLanguage ?? "").slice(0, 1_000).split(",")) {
    const match = /^\s*(zh|en)\b[^;]*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*$/i.exec(part);
    const quality = match ? Number(match[2] ?? 1) : 0;
    if (quality > bestQuality) {
      bestQuality = quality;
      best = match![1]!.toLowerCase() === "zh" ? chinese : english;
    }
  }
  return best;
}
