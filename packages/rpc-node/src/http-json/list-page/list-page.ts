import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { MethodTable } from "@msec/rpc";
import { brandMark, listHtml } from "./list-html.ts";
import { type ListWords, listWords } from "./list-words.ts";

const headers = {
  // Nothing but what this listener serves itself, nothing inside the page's own text, and no page may frame it.
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-cache",
};

type File = { readonly type: string; readonly bytes: Buffer };

/** What tells a visit of the page. */
export type Visit = { readonly method?: string | undefined } & Pick<IncomingMessage, "url" | "headers">;

/**
 * `GET /list`: a page with all methods of a listener, their types, and a form for each that calls it; the test page of the original's Java
 * services (RequestProcessor.processListCgi), for every service.
 */
export class ListPage {
  readonly #methods: MethodTable<never>;
  readonly #serviceName: string;
  readonly #files: ReadonlyMap<string, File>;
  /** The page in each language, with as many services as there were when it was made. */
  readonly #pages = new Map<ListWords, { readonly services: number; readonly file: File }>();

  /** @param serviceName  `L1.L2`, "" for none */
  constructor(methods: MethodTable<never>, serviceName: string) {
    this.#methods = methods;
    this.#serviceName = serviceName;
    const read = (name: string) => readFileSync(new URL(name, import.meta.url));
    this.#files = new Map([
      ["/list/page.css", { type: "text/css; charset=utf-8", bytes: read("page.css") }],
      ["/list/page.js", { type: "text/javascript; charset=utf-8", bytes: read("page.js") }],
      ["/list/icon.svg", { type: "image/svg+xml", bytes: Buffer.from(brandMark) }],
    ]);
  }

  /**
   * Whether a browser wants to show the page because somebody followed a link or typed its address. Unlike any other request that a page of another
   * origin causes, that is harmless: the other page sees nothing of it.
   */
  isVisit({ method, url, headers: sent }: Visit): boolean {
    return (
      method === "GET" &&
      pathOf(url) === "/list" &&
      sent["sec-fetch-mode"] === "navigate" &&
      sent["sec-fetch-dest"] === "document" &&
      sent.origin === undefined
    );
  }

  /** Answer, if the request is for the page or a part of it. */
  serve(request: IncomingMessage | Http2ServerRequest, response: ServerResponse): boolean {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return false;
    }
    const path = pathOf(request.url);
    const file = this.#files.get(path) ?? this.#page(path, request);
    if (file === undefined) {
      return false;
    }
    request.resume();
    response.writeHead(200, {
      ...headers,
      "content-type": file.type,
      "content-length": file.bytes.length,
      vary: "accept-language",
    });
    response.end(request.method === "HEAD" ? undefined : file.bytes);
    return true;
  }

  // Asked for thousands of times in one write, with answers that nobody reads, it must cost next to nothing: it is made once, and all that waits of it are the same bytes.
  #page(path: string, request: IncomingMessage | Http2ServerRequest): File | undefined {
    if (path !== "/list") {
      return undefined;
    }
    const words = listWords(request.headers["accept-language"]);
    const services = this.#methods.services();
    const made = this.#pages.get(words);
    if (made?.services === services.length) {
      return made.file;
    }
    const text = listHtml(services, this.#serviceName, words);
    const file = { type: "text/html; charset=utf-8", bytes: Buffer.from(text) };
    this.#pages.set(words, { services: services.length, file });
    return file;
  }
}

function pathOf(url: string | undefined): string {
  return (url ?? "").split("?", 1)[0]!;
}
