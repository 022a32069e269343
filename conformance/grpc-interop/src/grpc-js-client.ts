import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import grpc from "@grpc/grpc-js";

/** What one call of `@grpc/grpc-js` brought. */
export interface Outcome<O extends DescMessage> {
  readonly responses: MessageShape<O>[];
  readonly status: grpc.StatusObject;
  /** Initial metadata. */
  readonly metadata: grpc.Metadata | undefined;
}

/** One method as a client sees it. Only the path and the two types matter to gRPC. */
export interface Target<I extends DescMessage, O extends DescMessage> {
  readonly path: string;
  readonly input: I;
  readonly output: O;
}

/** A call of the grpc-js client: any kind is a stream both ways to gRPC. */
export type OpenCall<I extends DescMessage, O extends DescMessage> = grpc.ClientDuplexStream<
  MessageInitShape<I>,
  MessageShape<O>
>;

/** A client made of `@grpc/grpc-js`; closes itself. */
export class GrpcJsClient implements Disposable {
  readonly #client: grpc.Client;

  constructor(port: number, options: grpc.ClientOptions = {}) {
    this.#client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
      ...options,
    });
  }

  /** Open a call. */
  open<I extends DescMessage, O extends DescMessage>(
    { path, input, output }: Target<I, O>,
    options: grpc.CallOptions = {},
    metadata = new grpc.Metadata(),
  ): OpenCall<I, O> {
    return this.#client.makeBidiStreamRequest(
      path,
      (message: MessageInitShape<I>) => Buffer.from(toBinary(input, create(input, message))),
      (bytes) => fromBinary(output, bytes),
      metadata,
      options,
    );
  }

  /** Send the requests, read to the end. */
  async call<I extends DescMessage, O extends DescMessage>(
    target: Target<I, O>,
    requests: readonly MessageInitShape<I>[],
    options: grpc.CallOptions = {},
    metadata = new grpc.Metadata(),
  ): Promise<Outcome<O>> {
    const call = this.open(target, options, metadata);
    const ended = outcomeOf(call);
    for (const request of requests) {
      call.write(request);
    }
    call.end();
    return await ended;
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

/** Read a call to its end. */
export async function outcomeOf<I extends DescMessage, O extends DescMessage>(
  call: OpenCall<I, O>,
): Promise<Outcome<O>> {
  const responses: MessageShape<O>[] = [];
  let metadata: grpc.Metadata | undefined;
  const { promise, resolve } = Promise.withResolvers<grpc.StatusObject>();
  call.on("metadata", (initial) => {
    metadata = initial;
  });
  call.on("data", (response: MessageShape<O>) => responses.push(response));
  call.on("status", resolve);
  // The same as the status, once more.
  call.on("error", () => {});
  const status = await promise;
  return { responses, status, metadata };
}
