import { type CallContext, type CallServer, Code, type MethodTable, RpcError } from "@msec/rpc";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../gen/grpc/health/v1/health_pb.js";

/**
 * gRPC's health service: SERVING until the graceful stop begins, then NOT_SERVING. `service` is "" (the whole port) or the full name of
 * a service of `served`.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
export class HealthService {
  readonly #calls: CallServer;
  readonly #served: MethodTable<never>;
  readonly #stopped = Promise.withResolvers<void>();

  constructor(calls: CallServer, served: MethodTable<never>) {
    this.#calls = calls;
    this.#served = served;
  }

  /** Serve it in a table. */
  addTo(methods: MethodTable): void {
    methods.add(Health, {
      check: ({ service }) => {
        const status = this.#statusOf(service);
        if (status === Status.SERVICE_UNKNOWN) {
          throw new RpcError(Code.NotFound, `no service ${JSON.stringify(service.slice(0, 200))} here`);
        }
        return { status };
      },
      watch: ({ service }, context) => this.#watch(service, context),
    });
  }

  /** The graceful stop begins: tell the watchers, end their streams. */
  stop(): void {
    this.#stopped.resolve();
  }

  async *#watch(service: string, context: CallContext) {
    const status = this.#statusOf(service);
    yield { status };
    const canceled = Promise.withResolvers<void>();
    context.onCancel(() => canceled.resolve());
    await Promise.race([this.#stopped.promise, canceled.promise]);
    if (status === Status.SERVING) {
      yield { status: Status.NOT_SERVING };
    }
    // A stream that stayed would hold up the stop that it announces; clients watch again, elsewhere.
    throw new RpcError(Code.Unavailable, "the service is stopping");
  }

  #statusOf(service: string): Status {
    if (service !== "" && !this.#served.services().some(({ typeName }) => typeName === service)) {
      return Status.SERVICE_UNKNOWN;
    }
    return this.#calls.stopping ? Status.NOT_SERVING : Status.SERVING;
  }
}
