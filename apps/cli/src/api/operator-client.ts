import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { isAlive, osUserName, readRunRecord, UserError } from "@msec/process";
import type { Messages } from "../messages/messages.ts";
import { fileProblem } from "../output/file-problem.ts";

/** Where the server serves its API, beside the console's files (`apps/server/src/http/api.ts`). */
const apiPrefix = "/api";

/** The server's API as the operator of this host uses it. */
export interface OperatorApi {
  /** `http://127.0.0.1:8080`: the console's address too. */
  readonly baseUrl: string;
  /** A client of one of the services of `msec.console.v1`. A call that fails throws a `ConnectError`. */
  client<S extends DescService>(service: S): Client<S>;
}

/**
 * Reach the server's API: its address from its run record, the operator's key from its directory.
 *
 * @param timeoutMs  for each call; default 15_000
 * @throws UserError when the server does not run or the key cannot be read
 */
export function openOperatorApi(state: string, messages: Messages, timeoutMs = 15_000): OperatorApi {
  const record = readRunRecord(state, "server");
  if (record === undefined || !isAlive(record)) {
    throw new UserError(messages.serverNotRunning, { hint: messages.serverNotRunningHint });
  }
  const baseUrl = baseUrlOf(record.listen);
  const transport = createConnectTransport({
    baseUrl: `${baseUrl}${apiPrefix}`,
    httpVersion: "1.1",
    defaultTimeoutMs: timeoutMs,
    interceptors: [authorize(readOperatorKey(state, messages), messages.languageCode)],
  });
  return { baseUrl, client: (service) => createClient(service, transport) };
}

/** The console's address from what the server's record says it listens on; the first place counts. */
function baseUrlOf(listen: string): string {
  const [first = ""] = listen.split(/[\s,]+/);
  return /^https?:\/\//.test(first)
    ? first.replace(/\/$/, "")
    : `http://${first.replace(/^(0\.0\.0\.0|\[::\]):/, "127.0.0.1:")}`;
}

function readOperatorKey(state: string, messages: Messages): string {
  const file = join(state, "server/operator.key");
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new UserError(messages.operatorKeyUnreadable(file, fileProblem(cause, messages)), {
      hint: messages.operatorKeyHint,
      cause,
    });
  }
}

function authorize(key: string, language: string): Interceptor {
  const author = encodeURIComponent(osUserName());
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${key}`);
    // The server believes who has the key: what the command does is done by this user.
    request.header.set("msec-author", author);
    // In which language it says what is wrong.
    request.header.set("accept-language", language);
    return next(request);
  };
}
