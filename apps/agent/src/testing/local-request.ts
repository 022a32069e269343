import { type OutgoingHttpHeaders, request } from "node:http";

/** Where to ask the local API: its unix socket, or a port of 127.0.0.1. */
export type LocalPlace = { readonly socketPath: string } | { readonly port: number };

/** What the local API answered. */
export interface LocalAnswer {
  readonly status: number;
  // A test knows what it asked for, and asserts it.
  // biome-ignore lint/suspicious/noExplicitAny: the shapes are the test's subject
  readonly body: any;
}

/** One request to the local API, as a program in any language would send it. */
export function askLocal(
  place: LocalPlace,
  method: string,
  path: string,
  body?: unknown,
  headers: OutgoingHttpHeaders = {},
): Promise<LocalAnswer> {
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const type = text === undefined ? {} : { "content-type": "application/json" };
  const { promise, resolve, reject } = Promise.withResolvers<LocalAnswer>();
  const outgoing = request(
    { ...place, host: "127.0.0.1", method, path, headers: { ...type, ...headers } },
    (answer) => {
      let received = "";
      answer.setEncoding("utf8").on("data", (chunk) => {
        received += chunk;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(received) }));
      answer.on("error", reject);
    },
  );
  outgoing.on("error", reject).end(text);
  return promise;
}
