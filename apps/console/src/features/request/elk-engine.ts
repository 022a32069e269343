import ELK, { type ELK as Elk } from "elkjs/lib/elk-api.js";
import ElkWorker from "elkjs/lib/elk-worker.min.js?worker";

let engine: Elk | undefined;

/** The layout engine, in a worker of its own so that a great diagram does not hold up the page; made once. */
export function elkEngine(): Elk {
  engine ??= new ELK({ workerFactory: () => new ElkWorker() });
  return engine;
}
