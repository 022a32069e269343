import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { colorIdFromMethod } from "./color-id.ts";
import { defaultFrameLimits } from "./frame.ts";
import { defaultHeadLimits, HeadFeature, HeadTag, RpcHead } from "./head.ts";
import { HeadDecoder } from "./head-decoder.ts";
import { encodeCancelHead, encodeResponseHead, RequestHeadEncoder, type RequestHeadFields } from "./head-encoder.ts";
import { bytesFromHex } from "./testing/hex.ts";
import { arbitraryMutations, mutate } from "./testing/mutate.ts";
import { WireError, WireReason } from "./wire-error.ts";
import { Writer } from "./writer.ts";

// The same inputs each time: what a run finds, the change that it is run for has broken. Others by hand.
fc.configureGlobal({ seed: Number(process.env.MSEC_FUZZ_SEED ?? 1) });

const method = "flight.flight_service.queryFlight";

function requestBytes(
  sequence: number | bigint,
  fields: RequestHeadFields = {},
  caller = "Flight.mod_flight",
): Uint8Array {
  const writer = new Writer({ initialBytes: 4 });
  new RequestHeadEncoder(caller, method).encode(writer, sequence, fields);
  return writer.copy();
}

function decodeRequest(bytes: Uint8Array, decoder = new HeadDecoder()): RpcHead {
  const head = new RpcHead();
  decoder.decodeRequest(bytes, 0, bytes.length, head);
  return head;
}

function responseBytes(
  ...parameters: Parameters<typeof encodeResponseHead> extends [Writer, ...infer Rest] ? Rest : never
) {
  const writer = new Writer({ initialBytes: 4 });
  encodeResponseHead(writer, ...parameters);
  return writer.copy();
}

function decodeResponse(bytes: Uint8Array): RpcHead {
  const head = new RpcHead();
  new HeadDecoder().decodeResponse(bytes, 0, bytes.length, head);
  return head;
}

const arbitrarySequence = fc.oneof(
  fc.nat(),
  fc.constantFrom(0, 127, 128, 0xffff_ffff, 0x1_0000_0000, Number.MAX_SAFE_INTEGER),
  fc.bigInt(BigInt(Number.MAX_SAFE_INTEGER) + 1n, 2n ** 64n - 1n),
);

test("decodes the head of the original's client", () => {
  const head = decodeRequest(
    bytesFromHex("5007 920306 7261772e7079 9a0315 6563686f2e4563686f536572766963652e4563686f"),
  );
  assert.equal(head.sequence, 7);
  assert.equal(head.caller.text, "raw.py");
  assert.equal(head.method.text, "echo.EchoService.Echo");
  assert.equal(head.traceId, undefined);
  assert.equal(head.hasFlowId, false);
});

test("answers with the head of the original's C++ server", () => {
  const request = decodeRequest(
    bytesFromHex("5007 f00105 920306 7261772e7079 9a0315 6563686f2e4563686f536572766963652e4563686f"),
  );
  assert.deepEqual(
    responseBytes(request, { err: -6 }),
    bytesFromHex(
      "5007 f00105 c002faffffffffffffffff01 920306 7261772e7079 9a0315 6563686f2e4563686f536572766963652e4563686f",
    ),
  );
});

test("color_id is djb2 with a 32-bit wrap", () => {
  assert.equal(colorIdFromMethod(""), 5381);
  assert.equal(colorIdFromMethod("a"), 5381 * 33 + 97);
  assert.equal(
    colorIdFromMethod(method),
    Number([...method].reduce((h, c) => BigInt.asUintN(32, h * 33n + BigInt(c.charCodeAt(0))), 5381n)),
  );
});

test("a request's head comes back with everything that was put into it", () => {
  fc.assert(
    fc.property(
      arbitrarySequence,
      fc.record({
        coloring: fc.constantFrom(0, 1, 0xffff_ffff),
        trace: fc
          .uint8Array({ minLength: 24, maxLength: 24 })
          .filter(
            (ids) => ids.subarray(0, 16).some((byte) => byte !== 0) && ids.subarray(16).some((byte) => byte !== 0),
          ),
        traceFlags: fc.nat(255),
        timeoutMs: fc.nat(0xffff_ffff),
        hops: fc.nat(0xffff_ffff),
        retry: fc.nat(0xffff_ffff),
        metadata: fc.array(
          fc.record(
            {
              key: fc.string({ minLength: 1, maxLength: 40 }),
              value: fc.uint8Array({ maxLength: 200 }),
            },
            { noNullPrototype: true },
          ),
          { maxLength: 10 },
        ),
      }),
      (sequence, fields) => {
        const head = decodeRequest(requestBytes(sequence, fields));
        assert.equal(head.sequence, sequence);
        assert.equal(head.coloring, fields.coloring || undefined);
        assert.deepEqual(
          [head.trace, head.traceId?.length, head.spanId?.length, head.traceFlags],
          [fields.trace, 16, 8, fields.traceFlags],
        );
        assert.equal(head.timeoutMs, fields.timeoutMs);
        assert.equal(head.hops, fields.hops);
        assert.equal(head.retry, fields.retry);
        assert.deepEqual(head.metadata, fields.metadata);
        assert.equal(head.flowId(), new DataView(fields.trace.buffer, fields.trace.byteOffset).getBigUint64(8));
        assert.equal(head.colorIdLow >>> 0, colorIdFromMethod(method));
        assert.equal(head.caller.text, "Flight.mod_flight");
        assert.equal(head.method.text, method);
      },
    ),
  );
});

test("any 64-bit sequence, flow_id and color_id is echoed exactly", () => {
  fc.assert(
    fc.property(
      arbitrarySequence,
      fc.bigInt(1n, 2n ** 64n - 1n),
      fc.bigInt(0n, 2n ** 64n - 1n),
      (sequence, flow, color) => {
        const writer = new Writer();
        writer.uint32(HeadTag.sequence);
        writer.uint64(sequence);
        writer.uint32(HeadTag.coloring);
        writer.uint32(1);
        writer.uint32(HeadTag.color_id);
        writer.uint64(color);
        writer.uint32(HeadTag.flow_id);
        writer.uint64(flow);
        writer.uint32(HeadTag.method_name);
        writer.string(method);
        const request = writer.copy();
        assert.deepEqual(responseBytes(decodeRequest(request)), request);
      },
    ),
  );
});

test("a response carries the server's own fields only, never what the client claimed", () => {
  const writer = new Writer();
  writer.raw(requestBytes(5));
  writer.uint32(HeadTag.err);
  writer.int32(-7);
  writer.uint32(HeadTag.result);
  writer.int32(-8);
  writer.uint32(HeadTag.err_msg);
  writer.string("forged");
  writer.uint32(HeadTag.code);
  writer.uint32(3);
  writer.uint32((2000 << 3) | 2);
  writer.string("unknown");
  const request = decodeRequest(writer.copy());
  assert.deepEqual([request.err, request.result, request.errMsg, request.code], [-7, -8, "forged", 3]);
  const plain = responseBytes(request);
  assert.deepEqual(plain, responseBytes(decodeRequest(requestBytes(5))));
  const own = decodeResponse(
    responseBytes(request, {
      err: -1000,
      errMsg: "no such user: 张三",
      code: 5,
      details: Uint8Array.of(1, 2),
      metadata: [{ key: "k", value: Uint8Array.of(9) }],
      features: HeadFeature.Cancel,
    }),
  );
  assert.deepEqual(
    [own.err, own.result, own.errMsg, own.code, own.details, own.metadata, own.features],
    [-1000, 0, "no such user: 张三", 5, Uint8Array.of(1, 2), [{ key: "k", value: Uint8Array.of(9) }], 1],
  );
});

test("a name that is not UTF-8 is echoed byte for byte", () => {
  const request = bytesFromHex("5001 920302 fffe 9a0303 61ff62");
  assert.deepEqual(responseBytes(decodeRequest(request)), request);
});

test("the same name of the same decoder is the same object, whatever came between", () => {
  const decoder = new HeadDecoder();
  const first = decodeRequest(requestBytes(1), decoder);
  const other = decodeRequest(requestBytes(2, {}, "Flight.mod_other1"), decoder);
  const again = decodeRequest(requestBytes(3), decoder);
  assert.equal(again.method, first.method);
  assert.equal(other.caller.text, "Flight.mod_other1");
  assert.equal(again.caller.text, "Flight.mod_flight");
});

test("names of equal length in one slot are told apart", () => {
  const decoder = new HeadDecoder();
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 6 }), { maxLength: 20 }),
      (callers) => {
        for (const caller of callers) {
          assert.equal(decodeRequest(requestBytes(1, {}, caller), decoder).caller.text, caller);
        }
      },
    ),
  );
});

test("a head refers to nothing of the buffer it came from", () => {
  const fields = {
    trace: new Uint8Array(24).fill(1),
    metadata: [{ key: "key", value: Uint8Array.of(7) }],
  };
  const bytes = requestBytes(1, fields);
  const head = decodeRequest(bytes);
  const before = structuredClone({ ...head });
  bytes.fill(0xff);
  assert.deepEqual({ ...head }, before);
});

test("a traceparent of another size, or of zeros, counts as absent", () => {
  for (const traceparent of [
    new Uint8Array(24).fill(1),
    new Uint8Array(26).fill(1),
    new Uint8Array(25),
    new Uint8Array(0),
  ]) {
    const writer = new Writer();
    writer.raw(requestBytes(1));
    writer.uint32(HeadTag.traceparent);
    writer.lengthDelimited(traceparent);
    assert.equal(decodeRequest(writer.copy()).traceId, undefined);
  }
});

test("skips unknown fields and known ones of another wire type", () => {
  // sequence as bytes, field 2000 as group with a group in it, caller_stack, then a good head
  const odd = bytesFromHex("520103 837d 0b 0c 847d e20300");
  const bytes = new Uint8Array([...odd, ...requestBytes(9)]);
  assert.equal(decodeRequest(bytes).sequence, 9);
});

test("a response without method name is accepted, as the original's Java server sends it", () => {
  assert.equal(decodeResponse(bytesFromHex("5007 9a0300 c002ffffffffffffffffff01")).err, -1);
});

const refused: [string, Uint8Array, WireReason, boolean][] = [
  ["no sequence", bytesFromHex("9a030161"), WireReason.MissingField, false],
  ["no method name", bytesFromHex("5007"), WireReason.MissingField, true],
  ["an empty method name", bytesFromHex("5007 9a0300"), WireReason.MissingField, true],
  ["an unfinished varint", bytesFromHex("5087"), WireReason.Truncated, false],
  ["a varint of eleven bytes", bytesFromHex("50ffffffffffffffffffff01"), WireReason.OverlongVarint, false],
  ["a length past the end", bytesFromHex("5007 9a0302 61"), WireReason.BadLength, true],
  ["a length of 4 GiB", bytesFromHex("5007 9a03ffffffff0f 61"), WireReason.BadLength, true],
  ["field number 0", bytesFromHex("5007 00"), WireReason.BadTag, true],
  ["wire type 7", bytesFromHex("5007 0f"), WireReason.BadTag, true],
  ["an end of group alone", bytesFromHex("5007 0c"), WireReason.BadGroup, true],
  ["an open group", bytesFromHex("5007 0b"), WireReason.BadGroup, true],
  ["groups nested a thousand deep", new Uint8Array(1000).fill(0x0b), WireReason.TooDeep, false],
  ["a method name over the limit", requestBytesWith(HeadTag.method_name, 513), WireReason.TooLarge, true],
  ["a caller over the limit", requestBytesWith(HeadTag.caller, 257), WireReason.TooLarge, true],
  ["metadata with too many entries", metadataBytes(65, 1, 1), WireReason.TooLarge, true],
  ["metadata with a long key", metadataBytes(1, 129, 1), WireReason.TooLarge, true],
  ["metadata with too many bytes", metadataBytes(2, 10, 8190), WireReason.TooLarge, true],
  ["metadata without a key", bytesFromHex("5007 b20602 1200"), WireReason.MissingField, true],
  ["metadata with a key that is no text", bytesFromHex("5007 b20603 0a01ff"), WireReason.BadUtf8, true],
  ["metadata whose key reaches past it", bytesFromHex("5007 b20602 0a05 6162636465"), WireReason.BadLength, true],
];

function requestBytesWith(tag: number, length: number): Uint8Array {
  const writer = new Writer();
  writer.raw(requestBytes(1));
  writer.uint32(tag);
  writer.lengthDelimited(new Uint8Array(length).fill(97));
  return writer.copy();
}

function metadataBytes(count: number, keyBytes: number, valueBytes: number): Uint8Array {
  const entry = { key: "k".repeat(keyBytes), value: new Uint8Array(valueBytes) };
  return requestBytes(1, { metadata: new Array(count).fill(entry) });
}

for (const [name, bytes, reason, answerable] of refused) {
  test(`refuses ${name}`, () => {
    const head = new RpcHead();
    assert.throws(
      () => new HeadDecoder().decodeRequest(bytes, 0, bytes.length, head),
      (error) => error instanceof WireError && error.reason === reason,
    );
    assert.equal(head.hasSequence, answerable);
  });
}

test("accepts metadata of exactly the limits", () => {
  const { maxMetadataEntries, maxMetadataKeyBytes, maxMetadataBytes } = defaultHeadLimits;
  const bytes = metadataBytes(
    maxMetadataEntries,
    maxMetadataKeyBytes,
    maxMetadataBytes / maxMetadataEntries - maxMetadataKeyBytes,
  );
  assert.equal(decodeRequest(bytes).metadata.length, maxMetadataEntries);
});

test("damaged heads are decoded or refused with a WireError, and the next good one is read as ever", () => {
  const decoder = new HeadDecoder();
  const good = requestBytes(77n, {
    timeoutMs: 5,
    trace: new Uint8Array(24).fill(1),
    metadata: [{ key: "a", value: Uint8Array.of(1) }],
  });
  const expected = decodeRequest(good);
  fc.assert(
    fc.property(arbitraryMutations, (mutations) => {
      try {
        decodeRequest(mutate(good, mutations), decoder);
      } catch (error) {
        assert.ok(error instanceof WireError, String(error));
      }
      assert.deepEqual(decodeRequest(good, decoder), expected);
    }),
    { numRuns: 2000 },
  );
});

test("a method name must not be empty", () => {
  assert.throws(() => new RequestHeadEncoder("a", ""), WireError);
});

test("docs/reference/wire.md lists every head field with its number and every limit with its value", () => {
  const text = readFileSync(new URL("../../../docs/reference/wire.md", import.meta.url), "utf8");
  const rows = [...text.matchAll(/^\| (\d+) \| `(\w+)` \|/gm)].map(([, number, name]) => `${name} ${number}`);
  assert.deepEqual(
    rows,
    Object.entries(HeadTag).map(([name, tag]) => `${name} ${tag >>> 3}`),
  );
  for (const [name, value] of Object.entries({ ...defaultFrameLimits, ...defaultHeadLimits })) {
    assert.match(text, new RegExp(`\\| \`${name}\` \\| ${value.toLocaleString("en")} \\|`));
  }
});

test("a deadline in the past is not sent as one in fifty days", () => {
  for (const timeoutMs of [-5, -0.5, 0, Number.NaN]) {
    assert.equal(decodeRequest(requestBytes(1, { timeoutMs })).timeoutMs, 0);
  }
  assert.equal(decodeRequest(requestBytes(1, { timeoutMs: 0.2 })).timeoutMs, 1);
  assert.equal(decodeRequest(requestBytes(1, { timeoutMs: 1e12 })).timeoutMs, 0xffff_ffff);
});

test("a cancellation names a call by its sequence and needs no method", () => {
  const writer = new Writer();
  encodeCancelHead(writer, 300);
  const bytes = writer.copy();
  // The method name is there, and empty: the original's parser demands it.
  assert.deepEqual(bytes, bytesFromHex("50ac02 9a0300 d80601"));
  const head = decodeRequest(bytes);
  assert.deepEqual([head.sequence, head.method.text, head.cancel], [300, "", 1]);
});

test("an empty metadata key is refused when it is written", () => {
  assert.throws(
    () => requestBytes(1, { metadata: [{ key: "", value: new Uint8Array(0) }] }),
    (error) => error instanceof WireError && error.reason === WireReason.BadValue,
  );
});

test("a head that is recognised as a whole is decoded and answered as one that is parsed, damaged or not", () => {
  const ids = fc.uint8Array({ minLength: 24, maxLength: 24 }).map((bytes) => bytes.map((byte, i) => (byte + i) & 255));
  const learned = new HeadDecoder();
  const outcome = (bytes: Uint8Array, decoder: HeadDecoder, head: RpcHead) => {
    try {
      decoder.decodeRequest(bytes, 0, bytes.length, head);
    } catch (error) {
      assert.ok(error instanceof WireError);
      return error.message;
    }
    const { usual: _, traceView: __, trace, ...fields } = head;
    return {
      ...fields,
      trace: head.hasTrace ? trace.slice() : undefined,
      answer: responseBytes(head, { features: 1 }),
    };
  };
  const used = new RpcHead();
  let recognised = 0;
  fc.assert(
    fc.property(
      fc.oneof(fc.nat(0xfff_ffff), arbitrarySequence),
      fc.record({
        trace: fc.oneof(ids, fc.uint8Array({ minLength: 24, maxLength: 24 })),
        traceFlags: fc.nat(255),
        timeoutMs: fc.nat(70_000),
        hops: fc.nat(300),
        retry: fc.constantFrom(0, 0, 0, 1),
      }),
      fc.constantFrom("Flight.mod_flight", ""),
      arbitraryMutations,
      (sequence, fields, caller, mutations) => {
        const good = requestBytes(sequence, fields, caller);
        for (const bytes of [good, good, mutate(good, mutations)]) {
          const found = outcome(bytes, learned, used);
          recognised += used.usual === undefined ? 0 : 1;
          assert.deepEqual(found, outcome(bytes, new HeadDecoder(), new RpcHead()));
        }
      },
    ),
    { numRuns: 400 },
  );
  assert.ok(recognised > 100, `only ${recognised} of 1200 were recognised`);
});

test("an answer's head is passed over or parsed with the same result, damaged or not", () => {
  const whole = (bytes: Uint8Array) => {
    const head = new RpcHead();
    new HeadDecoder().decodeWholeResponse(bytes, 0, bytes.length, head);
    return head.sequence;
  };
  fc.assert(
    fc.property(arbitrarySequence, fc.option(arbitraryMutations, { nil: undefined }), (sequence, mutations) => {
      const good = responseBytes(decodeRequest(requestBytes(sequence, { trace: new Uint8Array(24).fill(200) })));
      const bytes = mutations ? mutate(good, mutations) : good;
      let found: RpcHead;
      try {
        found = decodeResponse(bytes);
      } catch (error) {
        assert.ok(error instanceof WireError);
        assert.throws(() => whole(bytes), WireError);
        return;
      }
      assert.equal(found.sequence, whole(bytes));
    }),
  );
});
