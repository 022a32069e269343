import type { Thought } from "./ask-agent.ts";

/** Why an instance gets what it gets, in Chinese; the agent says it in English. */
export function chineseReason({ state, latencyMs, successRatio, inFlight, failuresInRow, retryInMs }: Thought): string {
  const figures = `${latencyMs.toFixed(1)} ms，成功率 ${Math.round(successRatio * 100)} %`;
  switch (state) {
    case "serving":
      return latencyMs > 0 ? `${figures}，进行中 ${inFlight}` : "尚无测量";
    case "warming":
      return "新加入或刚恢复，占比逐步增加";
    case "suppressed":
      return `${figures}，明显差于其他实例，只用于探测`;
    case "probing":
      return `连续失败 ${failuresInRow} 次，正用一次调用探测是否恢复`;
    case "ejected": {
      const when = retryInMs > 0 ? `${Math.ceil(retryInMs)} ms 后重试` : "下一次调用将重试";
      return `${failuresInRow > 0 ? `连续失败 ${failuresInRow} 次` : "本机其他进程已将其摘除"}；${when}`;
    }
  }
}
