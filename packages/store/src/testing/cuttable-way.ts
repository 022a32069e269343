import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const socketName = ".s.PGSQL.5432";

/** A way to PostgreSQL that a test can cut, as a network is: connections end, and no new one can be made. */
export interface CuttableWay extends AsyncDisposable {
  /** The database's URL over this way. */
  readonly url: string;
  cut(): void;
  mend(): void;
}

/** @param url  as `TestPostgres.createDatabase` gives it: with the directory of the server's unix socket as `host` */
export async function openCuttableWay(url: string): Promise<CuttableWay> {
  const directory = mkdtempSync(join(tmpdir(), "msec-way-"));
  const target = new URL(url);
  const path = join(target.searchParams.get("host")!, socketName);
  target.searchParams.set("host", directory);
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(path);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(join(directory, socketName), resolve));
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: target.href,
    cut,
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
