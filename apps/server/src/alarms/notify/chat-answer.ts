import { DeliveryFailed } from "./delivery-failed.ts";

/**
 * Codes by which a chat says "later": too often, or busy. Whatever else a chat refuses with is a wrong address, key, signature, keyword or list of addresses, which no
 * repeat mends.
 *
 * | code | whose | is |
 * |---|---|---|
 * | −1 | all | the system is busy |
 * | 45009 | WeCom | called too often (a group's robot: 20 messages a minute) |
 * | 45033 | WeCom | too many calls at once |
 * | 130101 | DingTalk | more than 20 messages a minute |
 * | 410100 | DingTalk | sent too quickly: limited for ten minutes |
 * | 90030 | DingTalk | as many messages as the robot may send for now |
 * | 11232 | Feishu | too often (100 a minute, 5 a second), and at full hours, when everybody's robots speak |
 *
 * @see https://developer.work.weixin.qq.com/document/path/90313 (−1, 45009, 45033)
 * @see https://open.dingtalk.com/document/orgapp/custom-robots-send-group-messages (−1, 410100; 310000 and 4xxxxx for what is wrong)
 * @see https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot (11232; 9499, 19001, 19021, 19022, 19024 for what is wrong)
 */
const laterCodes: ReadonlySet<number> = new Set([-1, 45009, 45033, 130101, 410100, 90030, 11232]);

/** Where a chat's answer has its code and its reason. */
export interface ChatFields {
  readonly code: "errcode" | "code";
  readonly reason: "errmsg" | "msg";
}

/**
 * Read what a chat answered: most say 200 to everything, and in the body whether they took it; some give the same body with 400 or 429.
 *
 * @param post  sends the message and gives the answer's body
 * @throws DeliveryFailed `refused with <code>: <reason>`; lasting unless the code is one of `laterCodes`
 */
export async function chatOutcome(post: Promise<string>, fields: ChatFields): Promise<string> {
  let answer: string;
  let failure: DeliveryFailed | undefined;
  try {
    answer = await post;
  } catch (error) {
    if (!(error instanceof DeliveryFailed) || error.answer === undefined) throw error;
    failure = error;
    answer = error.answer;
  }
  const parsed = objectFrom(answer);
  const code = parsed?.[fields.code] ?? parsed?.StatusCode;
  if (failure !== undefined && (typeof code !== "number" || code === 0)) throw failure;
  if (parsed === undefined) {
    throw new DeliveryFailed("the answer is not that of the chat: is the address right?", true);
  }
  if (code === 0) return "accepted";
  const reason = String(parsed[fields.reason] ?? parsed.StatusMessage ?? "").slice(0, 200);
  const isLater = laterCodes.has(Number(code)) || failure?.lasting === false;
  throw new DeliveryFailed(`refused with ${String(code ?? "no code")}${reason === "" ? "" : `: ${reason}`}`, !isLater);
}

function objectFrom(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // No JSON: a page of a proxy, say.
  }
}
