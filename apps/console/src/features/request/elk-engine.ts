import ELK, { type ELK as Elk } from "elkjs/lib/elk-api.js";
// As the file that it is: it is a worker already, and bundling its 1.5 MB again takes most of a build.
import elkWorkerUrl from "elkjs/lib/elk-worker.min.js?url";

let engine: Elk | undefined;

/** The layout engine, in a worker of its own so that a great diagram does not hold up the page; made once. */
export function elkEngine(): Elk {
  engine ??= new ELK({ workerFactory: () => new Worker(elkWorkerUrl) });
  return engine;
}
