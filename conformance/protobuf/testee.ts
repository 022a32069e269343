#!/usr/bin/env node
import { openSync, readFileSync, readSync, writeSync } from "node:fs";
import {
  createFileRegistry,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonValue,
  type Message,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { compileCodec, Writer } from "@msec/wire";

/**
 * The program that the conformance runner questions: `testee.ts <image> <counts>`.
 *
 * Bytes are read and written by msec's compiled codec, JSON by `@bufbuild/protobuf`; text format is skipped, msec has none.
 * On stdin come requests, each a 32-bit little-endian length and a `conformance.ConformanceRequest`; answers go out likewise.
 * The image is a `FileDescriptorSet` of the suite's own .proto files. The file `counts` gets one character for each test that
 * went from bytes to bytes.
 */
const [imageFile = "", countsFile = ""] = process.argv.slice(2);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(imageFile)));
const requestDesc = messageDesc("conformance.ConformanceRequest");
const responseDesc = messageDesc("conformance.ConformanceResponse");
const WireFormat = { Protobuf: 1, Json: 2 } as const;
const jsonIgnoreUnknownTest = 3;
const counts = openSync(countsFile, "a");

for (let length = readLength(); length !== undefined; length = readLength()) {
  const request = fromBinary(requestDesc, readExactly(length)!) as unknown as ConformanceRequest;
  const { field, value } = answer(request);
  const response = reflect(responseDesc);
  response.set(responseDesc.field[field]!, value);
  const bytes = toBinary(responseDesc, response.message);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(bytes.length);
  writeExactly(Buffer.concat([head, bytes]));
}

interface ConformanceRequest {
  readonly payload:
    | { readonly case: "protobufPayload"; readonly value: Uint8Array }
    | { readonly case: "jsonPayload"; readonly value: string }
    | { readonly case: "jspbPayload" | "textPayload"; readonly value: string }
    | { readonly case: undefined };
  readonly requestedOutputFormat: number;
  readonly messageType: string;
  readonly testCategory: number;
}

type Answer =
  | { field: "parseError" | "serializeError" | "runtimeError" | "skipped" | "jsonPayload"; value: string }
  | { field: "protobufPayload"; value: Uint8Array };

function answer(request: ConformanceRequest): Answer {
  const { payload, requestedOutputFormat: format } = request;
  if (payload.case !== "protobufPayload" && payload.case !== "jsonPayload") {
    return { field: "skipped", value: "msec reads bytes and JSON only" };
  }
  if (format !== WireFormat.Protobuf && format !== WireFormat.Json) {
    return { field: "skipped", value: "msec writes bytes and JSON only" };
  }
  const desc = messageDesc(request.messageType);
  let message: Message;
  try {
    message =
      payload.case === "protobufPayload"
        ? compileCodec(desc).decode(payload.value, 0, payload.value.length)
        : fromJson(desc, JSON.parse(payload.value) as JsonValue, {
            ignoreUnknownFields: request.testCategory === jsonIgnoreUnknownTest,
            registry,
          });
  } catch (thrown) {
    return { field: "parseError", value: String(thrown) };
  }
  try {
    if (format === WireFormat.Json) {
      return { field: "jsonPayload", value: JSON.stringify(toJson(desc, message, { registry })) };
    }
    if (payload.case === "protobufPayload") {
      writeSync(counts, ".");
    }
    const writer = new Writer();
    compileCodec(desc).encode(message, writer);
    return { field: "protobufPayload", value: writer.copy() };
  } catch (thrown) {
    return { field: "serializeError", value: String(thrown) };
  }
}

function messageDesc(name: string): DescMessage {
  const desc = registry.getMessage(name);
  if (desc === undefined) {
    throw new Error(`the image has no message ${name}`);
  }
  return desc;
}

function readLength(): number | undefined {
  return readExactly(4)?.readUInt32LE();
}

/** So many bytes of stdin; `undefined` at its end. */
function readExactly(length: number): Buffer | undefined {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; ) {
    const read = readSync(0, bytes, at, length - at, null);
    if (read === 0) {
      return undefined;
    }
    at += read;
  }
  return bytes;
}

function writeExactly(bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) {
    at += writeSync(1, bytes, at);
  }
}
