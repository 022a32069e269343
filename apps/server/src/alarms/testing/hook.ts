import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a hook got. */
export interface Hooked {
  readonly headers: IncomingHttpHeaders;
  readonly url: string;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes
  readonly json: any;
}

/** A real HTTP server that keeps what is posted to it. */
export interface TestHook extends AsyncDisposable {
  readonly url: string;
  readonly got: Hooked[];
  /** What it answers from now on; default 200 and `{"errcode":0,"code":0}`. Status 0: never. */
  answer: { status: number; body: string; headers?: Record<string, string> };
  /** Settles when the next post has come. */
  arrival(): Promise<void>;
  /** Answers what came to addresses that end with `/hangs`: they wait until then. */
  letGo(): void;
}

/** Start one on the loopback interface. */
export async function startHook(): Promise<TestHook> {
  const got: Hooked[] = [];
  const hanging = new Set<ServerResponse>();
  let arrived = Promise.withResolvers<void>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    got.push({ headers: request.headers, url: request.url ?? "", text, json: JSON.parse(text) });
    arrived.resolve();
    arrived = Promise.withResolvers();
    const { status, body, headers } = hook.answer;
    if (status === 0) return;
    if (request.url?.endsWith("/hangs") === true) {
      hanging.add(response);
      return;
    }
    response.writeHead(status, headers).end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const hook: TestHook = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/secret-path`,
    got,
    answer: { status: 200, body: '{"errcode":0,"code":0}' },
    arrival: () => arrived.promise,
    letGo() {
      for (const response of hanging) response.end();
      hanging.clear();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return hook;
}
