import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { AddressDenied, type AddressGuard } from "./address-guard.ts";
import { DeliveryFailed } from "./delivery-failed.ts";

const maxAnswerBytes = 64 * 1024;

/** What is posted where. */
export interface Post {
  readonly url: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Post JSON and read the answer. Redirects are not followed, as they would lead past the guard.
 *
 * @param timeoutMs  for all of it
 * @returns the body of a 2xx answer, at most 64 KiB of it
 * @throws DeliveryFailed; lasting for denied addresses and 4xx but 408 and 429
 */
export async function post({ url, body, headers = {} }: Post, guard: AddressGuard, timeoutMs: number): Promise<string> {
  const target = new URL(url);
  const host = target.hostname.replace(/^\[|\]$/g, "");
  // Node does not ask `lookup` for what is an address already.
  if (isIP(host) !== 0 && !guard.allows(host)) throw failureFrom(new AddressDenied(host));
  const send = target.protocol === "https:" ? httpsRequest : httpRequest;
  return await new Promise<string>((done, fail) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const request = send(target, {
      method: "POST",
      agent: false,
      lookup: guard.lookup,
      signal,
      headers: {
        "content-type": "application/json; charset=utf-8",
        "content-length": Buffer.byteLength(body),
        "user-agent": "msec-alarms",
        ...headers,
      },
    });
    request.on("error", (error) =>
      fail(signal.aborted ? new DeliveryFailed(`no answer within ${timeoutMs / 1000} s`) : failureFrom(error)),
    );
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= maxAnswerBytes) chunks.push(chunk);
        else response.destroy();
      });
      response.on("error", (error) =>
        fail(signal.aborted ? new DeliveryFailed(`no answer within ${timeoutMs / 1000} s`) : failureFrom(error)),
      );
      response.on("close", () => {
        const status = response.statusCode ?? 0;
        const text = Buffer.concat(chunks).toString("utf8");
        if (status >= 200 && status < 300) return done(text);
        const lasting = status >= 300 && status < 500 && status !== 408 && status !== 429;
        fail(
          new DeliveryFailed(
            `HTTP ${status}${text === "" ? "" : `: ${text.replaceAll(/\s+/g, " ").slice(0, 200)}`}`,
            lasting,
            text,
          ),
        );
      });
    });
    request.end(body);
  });
}

function failureFrom(error: Error): DeliveryFailed {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof AddressDenied) return new DeliveryFailed(error.message, true);
  // Its message may name the whole address, which has the key of a chat in it.
  return new DeliveryFailed(`cannot connect (${code ?? error.name})`);
}
