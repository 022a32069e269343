import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const socketName = ".s.PGSQL.5432";

/** A way to PostgreSQL that a test can cut, as a network is: connections end, and no new one can be made. */
export interface CuttableWay extends AsyncDisposable {
  /** The database's URL over this way. */
  readonly url: string;
  /** @param options.isNoticed  whether PostgreSQL hears of it; default true. Where not, its sessions stay until `notice` */
  cut(options?: { readonly isNoticed: boolean }): void;
  /** PostgreSQL hears that connections are gone. */
  notice(): void;
  mend(): void;
}

/** @param url  as `TestPostgres.createDatabase` gives it: with the directory of the server's unix socket as `host` */
export async function openCuttableWay(url: string): Promise<CuttableWay> {
  const directory = mkdtempSync(join(tmpdir(), "msec-way-"));
  const target = new URL(url);
  const path = join(target.searchParams.get("host")!, socketName);
  target.searchParams.set("host", directory);
  /** The ends at PostgreSQL, each with its client's. */
  const pairs = new Map<Socket, Socket>();
  let isCut = false;
  let isNoticed = true;
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(path);
    pairs.set(far, near);
    near.on("data", (chunk) => far.write(chunk));
    far.on("data", (chunk) => near.write(chunk));
    near.on("error", () => {});
    far.on("error", () => {});
    near.on("close", () => {
      if (isNoticed) far.destroy();
    });
    far.on("close", () => {
      pairs.delete(far);
      near.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(join(directory, socketName), resolve));
  const notice = () => {
    isNoticed = true;
    for (const [far, near] of pairs) if (near.destroyed) far.destroy();
  };
  const cut = (options = { isNoticed: true }) => {
    isCut = true;
    isNoticed = options.isNoticed;
    for (const near of pairs.values()) near.destroy();
  };
  return {
    url: target.href,
    cut,
    notice,
    mend() {
      isCut = false;
    },
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
