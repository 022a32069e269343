import {
  createRegistry,
  type DescExtension,
  type DescFile,
  type DescService,
  type Registry,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, type MethodTable } from "@msec/rpc";
import {
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  ServerReflection as V1,
} from "../../gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as V1Alpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.js";

type Answer = Pick<ServerReflectionResponse, "validHost" | "originalRequest" | "messageResponse">;

/** Requests of one stream; a client asks a handful for each type that it wants to know. */
const maxRequests = 10_000;

/**
 * Serve gRPC's server reflection, v1 and v1alpha (their messages are the same): what `grpcurl` and the like ask for the interfaces with.
 *
 * @param methods  the table that gets the two services
 * @param tables   whose services are told of
 */
export function addReflection(methods: MethodTable, tables: readonly MethodTable<never>[]): void {
  const reflection = new Reflection(tables);
  methods.add(V1, { serverReflectionInfo: (requests) => reflection.answers(requests) });
  methods.add(V1Alpha, {
    serverReflectionInfo: (requests: AsyncIterable<unknown>) =>
      reflection.answers(requests as AsyncIterable<ServerReflectionRequest>),
  } as never);
}

class Reflection {
  readonly #tables: readonly MethodTable<never>[];
  #known = -1;
  readonly #files = new Map<string, DescFile>();
  #registry: Registry = createRegistry();

  constructor(tables: readonly MethodTable<never>[]) {
    this.#tables = tables;
  }

  async *answers(requests: AsyncIterable<ServerReflectionRequest>): AsyncGenerator<Answer> {
    let count = 0;
    for await (const request of requests) {
      if (++count > maxRequests) {
        return;
      }
      yield { validHost: request.host, originalRequest: request, messageResponse: this.#answer(request) };
    }
  }

  #answer({ messageRequest }: ServerReflectionRequest): Answer["messageResponse"] {
    switch (messageRequest.case) {
      case "listServices": {
        const names = this.#services().map(({ typeName }) => ({ name: typeName }));
        return { case: "listServicesResponse", value: { service: names } as never };
      }
      case "fileByFilename":
        return this.#answerFile(this.#fileByName(messageRequest.value), `file ${messageRequest.value}`);
      case "fileContainingSymbol":
        return this.#answerFile(this.#fileOfSymbol(messageRequest.value), `symbol ${messageRequest.value}`);
      case "fileContainingExtension": {
        const { containingType, extensionNumber } = messageRequest.value;
        const found = this.#extensions(containingType).find(({ number }) => number === extensionNumber);
        return this.#answerFile(found?.file, `extension ${extensionNumber} of ${containingType}`);
      }
      case "allExtensionNumbersOfType": {
        const extensionNumber = this.#extensions(messageRequest.value).map(({ number }) => number);
        return this.#find().getMessage(messageRequest.value)
          ? {
              case: "allExtensionNumbersResponse",
              value: { baseTypeName: messageRequest.value, extensionNumber } as never,
            }
          : notFound(`message ${messageRequest.value}`);
      }
      default:
        return failed(Code.InvalidArgument, "the request asks for nothing");
    }
  }

  #services(): DescService[] {
    return this.#tables.flatMap((table) => table.services());
  }

  // Services may be added while the port is open.
  #find(): Registry {
    const services = this.#services();
    if (services.length !== this.#known) {
      this.#known = services.length;
      for (const { file } of services) {
        collect(file, this.#files);
      }
      this.#registry = createRegistry(...this.#files.values());
    }
    return this.#registry;
  }

  #fileByName(name: string): DescFile | undefined {
    this.#find();
    return this.#files.get(name);
  }

  #fileOfSymbol(name: string): DescFile | undefined {
    const registry = this.#find();
    const found = registry.get(name);
    if (found) {
      return found.file;
    }
    // A method, a field, a oneof or a value of an enumeration: its parent's file.
    const parent = registry.get(name.slice(0, Math.max(0, name.lastIndexOf("."))));
    const last = name.slice(name.lastIndexOf(".") + 1);
    const members: readonly { readonly name: string }[] =
      parent?.kind === "service"
        ? parent.methods
        : parent?.kind === "message"
          ? parent.members
          : parent?.kind === "enum"
            ? parent.values
            : [];
    return members.some((member) => member.name === last) ? parent?.file : undefined;
  }

  #extensions(typeName: string): DescExtension[] {
    return [...this.#find()]
      .filter((desc) => desc.kind === "extension")
      .filter(({ extendee }) => extendee.typeName === typeName);
  }

  // With all that it imports: clients then need not ask again.
  #answerFile(file: DescFile | undefined, what: string): Answer["messageResponse"] {
    if (!file) {
      return notFound(what);
    }
    const files = new Map<string, DescFile>();
    collect(file, files);
    const fileDescriptorProto = [...files.values()].map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
    return { case: "fileDescriptorResponse", value: { fileDescriptorProto } as never };
  }
}

function collect(file: DescFile, files: Map<string, DescFile>): void {
  if (!files.has(file.proto.name)) {
    files.set(file.proto.name, file);
    for (const dependency of file.dependencies) {
      collect(dependency, files);
    }
  }
}

function notFound(what: string): Answer["messageResponse"] {
  return failed(Code.NotFound, `no ${what.slice(0, 200)} here`);
}

function failed(errorCode: Code, errorMessage: string): Answer["messageResponse"] {
  return { case: "errorResponse", value: { errorCode, errorMessage } as never };
}
