import { createConnection, createServer, type Server, type Socket } from "node:net";

/** What a link does with the bytes of its connections. */
export type LinkState = "open" | "hole" | "slow" | "dead";

/**
 * A way to a port through which everything goes, until it is told otherwise: a `hole` takes bytes and connections and gives nothing back, as a host whose
 * packets are dropped; `slow` is 500 ms late in one direction; `dead` is a port that nobody listens on, with all its connections broken.
 */
export class Link implements AsyncDisposable {
  readonly #to: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #state: LinkState = "open";
  port = 0;
  /** Bytes that came to it while it was a hole: whether anybody still talks to it. */
  swallowed = 0;
  /** Connections that were made to it. */
  connections = 0;

  private constructor(to: number) {
    this.#to = to;
    this.#server = createServer((socket) => this.#join(socket));
  }

  /** A link to a port on 127.0.0.1, on a port of its own. */
  static async to(port: number): Promise<Link> {
    const link = new Link(port);
    await link.#listen();
    return link;
  }

  async become(state: LinkState): Promise<void> {
    const before = this.#state;
    this.#state = state;
    if (state === "dead") {
      const closed = new Promise((resolve) => this.#server.close(resolve));
      for (const socket of this.#sockets) socket.resetAndDestroy();
      await closed;
    } else if (before === "dead") await this.#listen();
  }

  #listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.port, "127.0.0.1", () => {
        this.port = (this.#server.address() as { port: number }).port;
        resolve();
      });
    });
  }

  #join(socket: Socket): void {
    this.connections++;
    const other = createConnection(this.#to, "127.0.0.1");
    for (const [from, to] of [
      [socket, other],
      [other, socket],
    ] as const) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on("data", (bytes) => this.#pass(bytes, to, from === socket));
      from.on("error", () => {});
      from.on("close", () => {
        this.#sockets.delete(from);
        // What is dropped is not known to have ended.
        if (this.#state !== "hole") to.destroy();
      });
    }
  }

  #pass(bytes: Buffer, to: Socket, isThere: boolean): void {
    if (this.#state === "hole") this.swallowed += isThere ? bytes.length : 0;
    else if (this.#state === "slow" && isThere) setTimeout(() => to.write(bytes), 500);
    else to.write(bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
