import type { StreamCall, UnaryCall } from "@msec/rpc";
import { createGrpcChannel, type GrpcChannelOptions } from "@msec/rpc-node";

/** A gRPC server's place, as `ChannelPool` keeps ways to places: its calls are counted, recorded and carry trace and deadline like all others. */
export class GrpcWay {
  inFlight = 0;
  /** A server that is called by its address belongs to no table. */
  routeVersion = 0;
  readonly call: UnaryCall;
  readonly stream: StreamCall;
  readonly #channel: ReturnType<typeof createGrpcChannel>;

  constructor(target: { readonly address: string; readonly port: number }, options: GrpcChannelOptions) {
    const channel = createGrpcChannel(target, options);
    this.#channel = channel;
    this.call = async (method, request, given) => {
      this.inFlight++;
      try {
        return await channel.call(method, request, given);
      } finally {
        this.inFlight--;
      }
    };
    this.stream = (method, requests, given) => this.#counted(channel.stream(method, requests, given));
  }

  async *#counted<T>(answers: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
    this.inFlight++;
    try {
      yield* answers;
    } finally {
      this.inFlight--;
    }
  }

  /** Calls that run fail: whoever waits for them has waited before. */
  async close(): Promise<void> {
    this.#channel.close();
  }
}
