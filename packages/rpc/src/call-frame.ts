import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";

/** Runs `f(a, b)` where `storage` has `value`, and no other `AsyncLocalStorage` has any. */
export type RunAlone<T> = <A, B, R>(value: T, f: (a: A, b: B) => R, a: A, b: B) => R;

/**
 * A way to run code that comes from no request and begins one: what is current around it (the connection's accept, the call before it in the same
 * read) is left behind, values of other storages too.
 *
 * `AsyncLocalStorage.run` makes two frames of values, each a `Map` copied from the one before: 480 ns. `enterWith` on top of an empty frame makes one: 151 ns. A frame of
 * our own, which is no `Map`: 29 ns (a call of a function that does nothing, processor time; an echo at 8 x 32 takes its server 2,200).
 */
export function runAlone<T extends object>(storage: AsyncLocalStorage<T>): RunAlone<T> {
  return ownFrames(storage) ?? emptyFrame(storage);
}

/** The documented way. */
export function emptyFrame<T>(storage: AsyncLocalStorage<T>): RunAlone<T> {
  const outside = new AsyncResource("msec.request", { requireManualDestroy: true });
  function enter<A, B, R>(value: T, f: (a: A, b: B) => R, a: A, b: B): R {
    storage.enterWith(value);
    return f(a, b);
  }
  return (value, f, a, b) => outside.runInAsyncScope(enter, undefined, value, f, a, b) as ReturnType<typeof f>;
}

/**
 * What Node 24 takes for the values that are current: it asks `has` and `get`, copies the entries when another storage gets a value, and passes the rest on unseen. None of
 * that is documented, so `ownFrames` tries it out before it is used.
 */
class CallFrame<T> {
  readonly #storage: AsyncLocalStorage<T>;
  #value: T | undefined;

  constructor(storage: AsyncLocalStorage<T>, value: T) {
    this.#storage = storage;
    this.#value = value;
  }

  has(storage: unknown): boolean {
    return storage === this.#storage;
  }

  get(storage: unknown): T | undefined {
    return storage === this.#storage ? this.#value : undefined;
  }

  /** What `AsyncLocalStorage.disable` calls. */
  disable(storage: unknown): void {
    if (storage === this.#storage) {
      this.#value = undefined;
    }
  }

  *[Symbol.iterator](): Iterator<[AsyncLocalStorage<T>, T | undefined]> {
    yield [this.#storage, this.#value];
  }
}

/** What holds the current frame: a class of Node's own, of which each of its frames is an instance. */
interface FrameHolder {
  current(): unknown;
  set(frame: unknown): void;
}

/** @returns `undefined` where this Node does not work that way */
export function ownFrames<T extends object>(storage: AsyncLocalStorage<T>): RunAlone<T> | undefined {
  const holder = frameHolder(storage);
  if (holder === undefined) {
    return undefined;
  }
  const run: RunAlone<T> = (value, f, a, b) => {
    const before = holder.current();
    holder.set(new CallFrame(storage, value));
    try {
      return f(a, b);
    } finally {
      holder.set(before);
    }
  };
  return works(storage, run) ? run : undefined;
}

/** By way of an `AsyncResource`, which keeps the frame in which it was made. */
function frameHolder<T extends object>(storage: AsyncLocalStorage<T>): FrameHolder | undefined {
  const mark = {} as T;
  const resource = storage.run(mark, () => new AsyncResource("msec.probe", { requireManualDestroy: true }));
  const values = resource as unknown as Record<symbol, { get?: unknown; constructor?: unknown } | null | undefined>;
  for (const symbol of Object.getOwnPropertySymbols(resource)) {
    const frame = values[symbol];
    if (typeof frame?.get === "function" && frame.get(storage) === mark) {
      const { current, set } = frame.constructor as Partial<FrameHolder>;
      return typeof current === "function" && typeof set === "function"
        ? (frame.constructor as FrameHolder)
        : undefined;
    }
  }
  return undefined;
}

function works<T extends object>(storage: AsyncLocalStorage<T>, run: RunAlone<T>): boolean {
  const other = new AsyncLocalStorage<number>();
  const [one, two] = [{} as T, {} as T];
  const before = storage.getStore();
  const look = (): boolean => storage.getStore() === one && other.getStore() === undefined;
  const within = (): boolean => storage.getStore() === one && other.getStore() === 7;
  const bound = (): (() => boolean) => AsyncResource.bind(look);
  try {
    const isKept = other.run(1, () => {
      const later = run(one, bound, 0, 0);
      const isSeen = run(one, () => look() && other.run(7, within) && look(), 0, 0);
      const isReplaced = run(one, () => run(two, () => storage.getStore() === two, 0, 0) && look(), 0, 0);
      const isLeft = storage.getStore() === before && other.getStore() === 1;
      return isSeen && isReplaced && isLeft && later() && storage.run(two, later);
    });
    return isKept && storage.getStore() === before;
  } catch {
    // Whatever this Node makes of such a frame: it is not used.
    return false;
  }
}
