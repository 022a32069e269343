import { createHash } from "node:crypto";
import { readFile, realpath, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, sep } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const mediaTypes: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};
const compressible = new Set([".css", ".html", ".js", ".json", ".map", ".svg", ".txt", ".webmanifest"]);
const minCompressedBytes = 1_024;
const maxFileBytes = 16 * 1024 * 1024;
// Far more than a build has: only builds that were replaced while we run can fill it.
const maxCachedFiles = 1_000;

interface CachedFile {
  readonly version: string;
  readonly etag: string;
  readonly mediaType: string;
  readonly plain: Buffer;
  readonly encoded: ReadonlyMap<string, Buffer>;
}

/** Serves the built console. */
export interface StaticFiles {
  /** Answer a GET or HEAD request for a path that is not the API's. */
  serve(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/**
 * Serve the files of a directory, and `index.html` for paths that belong to the page's own router.
 *
 * Files are read and compressed once and kept until they change on disk; what Vite put under `assets/` has its hash in its
 * name and may be kept for ever by browsers, everything else is asked for again each time (and mostly answered by 304).
 *
 * @param directory  the console's `dist`; may be absent or come later: until then a page says how to build it
 */
export function createStaticFiles(directory: string): StaticFiles {
  const cache = new Map<string, CachedFile>();
  const find = async (path: string): Promise<CachedFile | undefined> => {
    const file = await resolveInside(directory, path);
    if (file === undefined) {
      return undefined;
    }
    const found = await stat(file);
    if (!found.isFile() || found.size > maxFileBytes) {
      return undefined;
    }
    const version = `${found.mtimeMs}-${found.size}`;
    const known = cache.get(file);
    if (known?.version === version) {
      return known;
    }
    const loaded = await load(file, version);
    if (cache.size >= maxCachedFiles) {
      cache.clear();
    }
    cache.set(file, loaded);
    return loaded;
  };
  return {
    async serve(request, response) {
      const path = decodePath(request.url ?? "/");
      if (path === undefined) {
        sendText(response, 400, "this path cannot be understood\n");
        return;
      }
      const exact = path.endsWith("/") ? undefined : await find(path);
      const isPage = exact === undefined && isPagePath(path, request.headers.accept);
      const file = exact ?? (isPage || path.endsWith("/index.html") ? await find("/index.html") : undefined);
      if (file === undefined) {
        sendMissing(response, isPage);
        return;
      }
      sendFile(request, response, file, exact !== undefined && path.startsWith("/assets/"));
    },
  };
}

/**
 * Whether a path without a file belongs to the page's own router. Service names have dots (`/services/Web.js`), so a dot
 * alone says nothing: navigation asks for HTML, whatever else loads scripts, styles and images does not.
 */
function isPagePath(path: string, accept = ""): boolean {
  return !path.startsWith("/assets/") && (accept.includes("text/html") || !(extname(path) in mediaTypes));
}

function decodePath(url: string): string | undefined {
  try {
    const path = decodeURIComponent(url.split(/[?#]/, 1)[0] as string);
    const isPlain = path.startsWith("/") && !/[\0\\]/.test(path) && !path.split("/").includes("..");
    return isPlain ? path : undefined;
  } catch {
    // A malformed percent sequence.
    return undefined;
  }
}

/** The real path of a file inside a directory; `undefined` where there is none, also where a link leads outside. */
async function resolveInside(directory: string, path: string): Promise<string | undefined> {
  try {
    const [root, file] = await Promise.all([realpath(directory), realpath(join(directory, path))]);
    return file.startsWith(root + sep) ? file : undefined;
  } catch {
    // Whatever the reason (absent, not readable, name too long), the answer is "not found".
    return undefined;
  }
}

async function load(file: string, version: string): Promise<CachedFile> {
  const plain = await readFile(file);
  const extension = extname(file);
  const encoded = new Map<string, Buffer>();
  if (compressible.has(extension) && plain.length >= minCompressedBytes) {
    // Quality 9: for 1 MB of script a few percent larger than the highest, 11, and twenty times faster.
    const params = { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length };
    encoded.set("br", await promisify(brotliCompress)(plain, { params }));
    encoded.set("gzip", await promisify(gzip)(plain));
  }
  const etag = `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`;
  return { version, etag, mediaType: mediaTypes[extension] ?? "application/octet-stream", plain, encoded };
}

function sendFile(request: IncomingMessage, response: ServerResponse, file: CachedFile, immutable: boolean): void {
  response.setHeader("cache-control", immutable ? "public, max-age=31536000, immutable" : "no-cache");
  response.setHeader("vary", "accept-encoding");
  response.setHeader("etag", file.etag);
  if (request.headers["if-none-match"] === file.etag) {
    response.writeHead(304).end();
    return;
  }
  const accepted = String(request.headers["accept-encoding"] ?? "");
  const encoding = ["br", "gzip"].find(
    (name) => file.encoded.has(name) && new RegExp(`\\b${name}\\b(?!;q=0(?:[,.]|$))`).test(accepted),
  );
  const body = encoding === undefined ? file.plain : (file.encoded.get(encoding) as Buffer);
  if (encoding !== undefined) {
    response.setHeader("content-encoding", encoding);
  }
  response.writeHead(200, { "content-type": file.mediaType, "content-length": body.length });
  response.end(request.method === "HEAD" ? undefined : body);
}

function sendMissing(response: ServerResponse, isPage: boolean): void {
  if (!isPage) {
    sendText(response, 404, "not found\n");
    return;
  }
  response.setHeader("cache-control", "no-store");
  response.writeHead(503, { "content-type": "text/html; charset=utf-8" });
  response.end(
    "<!doctype html><meta charset=utf-8><title>msec</title><h1>The console is not built</h1>" +
      "<p>The server runs, but the files of its console are missing. Build them in the checkout of msec, then reload this page:</p>" +
      "<pre>npx vite build apps/console</pre>",
  );
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.setHeader("cache-control", "no-store");
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
  response.end(text);
}
