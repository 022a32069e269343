import { request } from "node:http";
import { assertTrustedSocket, socketPath, systemErrorCode, UserError } from "@msec/process";
import type { Messages } from "../messages/messages.ts";

/** What a process of this host thinks of one instance. */
export interface Thought {
  readonly address: string;
  readonly port: number;
  readonly state: "serving" | "warming" | "suppressed" | "ejected" | "probing";
  /** Expected part of its next calls, 0…1. */
  readonly share: number;
  readonly latencyMs: number;
  /** 0…1. */
  readonly successRatio: number;
  readonly inFlight: number;
  readonly failuresInRow: number;
  readonly retryInMs: number;
  /** In English. */
  readonly reason: string;
}

/** A service's table, as the agent's local API gives it. */
export interface RouteTableAnswer {
  readonly service: string;
  readonly version: number;
  readonly policy: string;
  readonly instances: readonly {
    readonly address: string;
    readonly port: number;
    readonly weight: number;
    readonly zone: string;
  }[];
  readonly local: readonly Thought[];
  readonly callers: readonly {
    readonly service: string;
    readonly instance: string;
    readonly pid: number;
    readonly silentMs: number;
    readonly instances: readonly Thought[];
  }[];
}

/** All services, as the agent's local API lists them. */
export interface ServicesAnswer {
  readonly services: readonly { readonly service: string; readonly version: number; readonly instances: number }[];
}

const TIMEOUT_MS = 5_000;

/**
 * One request to the local API of this host's agent.
 *
 * @param operation  `GET /v1/services`
 * @throws UserError where the agent is away, its socket is somebody else's, or it refuses, with what it says
 */
export async function askAgent<T>(state: string, messages: Messages, operation: string, body?: object): Promise<T> {
  const path = socketPath(state, "local");
  const [method = "", target = ""] = operation.split(" ");
  try {
    assertTrustedSocket(path);
    const { status, text } = await send(path, method, target, body);
    const answer = JSON.parse(text) as T & { error?: { message: string } };
    if (status === 200) return answer;
    throw new UserError(answer.error?.message ?? `the agent answered ${status}`);
  } catch (error) {
    const code = systemErrorCode(error);
    const isAway = code === "ECONNREFUSED" || code === "ENOENT" || code === "ECONNRESET";
    if (!isAway && !(error instanceof UserError && /^there is no socket/.test(error.message))) throw error;
    throw new UserError(messages.agentNotRunning, { hint: messages.agentNotRunningHint, cause: error });
  }
}

function send(socket: string, method: string, path: string, body: object | undefined) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const outgoing = request({ socketPath: socket, method, path, headers, timeout: TIMEOUT_MS }, (answer) => {
    let text = "";
    answer.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
    });
    answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text })).on("error", reject);
  });
  outgoing.on("timeout", () => outgoing.destroy(new Error("the agent does not answer")));
  outgoing.on("error", reject).end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}
