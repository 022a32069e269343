import type { CallObserver } from "@msec/rpc";
import { Health } from "@msec/rpc-node";

type CallRecord = Parameters<CallObserver["onClientCall"]>[0];

const checkMethod = `${Health.typeName}.${Health.method.check.name}`;

/** Tells of every call but the checks that routing makes by itself: nobody made them, and one that fails says what routing knows. */
export class UncheckedObserver implements CallObserver {
  readonly #observer: CallObserver;

  constructor(observer: CallObserver) {
    this.#observer = observer;
  }

  onServerCall(record: CallRecord): void {
    this.#observer.onServerCall(record);
  }

  onClientCall(record: CallRecord): void {
    if (record.method !== checkMethod) this.#observer.onClientCall(record);
  }
}
