import assert from "node:assert/strict";
import { test } from "node:test";
import { Code } from "@msec/rpc";
import { EchoService } from "../../gen/echo_pb.js";
import { serveEcho } from "../testing/echo-service.ts";
import { RawConnection, requestFrame } from "../testing/raw-connection.ts";

const slow = `${EchoService.typeName}.Slow`;
const text = `${EchoService.typeName}.Text`;
/** SlowRequest without fields but an unknown one of about so many bytes. */
const large = (bytes: number) =>
  Buffer.concat([Buffer.from([0x12, 0x80 | (bytes & 0x7f), bytes >> 7]), Buffer.alloc(bytes, 0x61)]);
const small = Buffer.from([0x10, 0x05]);

test("a connection whose running requests are too large is read no further until one is answered", async () => {
  await using echo = await serveEcho({ limits: { calls: { maxBytesPerConnection: 1_024 } } });
  await using connection = await RawConnection.open(echo.listener.port);
  // The first answer of a method tells how large its answers are; before it they are taken for large.
  connection.send(requestFrame(1, slow, Buffer.from([0x08, 0x01])));
  await connection.answers(1);
  connection.send(Buffer.concat([2, 3, 4].map((sequence) => requestFrame(sequence, slow, large(700)))));
  await echo.entered(3);
  // Another connection is served meanwhile, which also gives the first one time to read on if it would.
  await using other = await RawConnection.open(echo.listener.port);
  other.send(requestFrame(1, text, small));
  await other.answers(1);
  assert.equal(echo.listener.inFlight, 2);
  echo.release();
  await echo.entered(5);
  echo.release();
  assert.equal((await connection.answers(4)).length, 4);
});

test("all connections together are read no further when their running requests are too large", async () => {
  await using echo = await serveEcho({ limits: { calls: { maxBytes: 1_024 } } });
  await using first = await RawConnection.open(echo.listener.port);
  await using second = await RawConnection.open(echo.listener.port);
  first.send(Buffer.concat([1, 2].map((sequence) => requestFrame(sequence, slow, large(700)))));
  await echo.entered(2);
  second.send(Buffer.concat([1, 2].map((sequence) => requestFrame(sequence, slow, large(700)))));
  await echo.entered(3);
  // The first of them is read and finds no room; what follows it waits.
  assert.equal(echo.listener.inFlight, 3);
  echo.release();
  await first.answers(2);
  await echo.entered(4);
  echo.release();
  await second.answers(2);
});

test("a connection that ends gives back what its requests took", async () => {
  await using echo = await serveEcho({ limits: { calls: { maxBytes: 1_024 } } });
  {
    await using gone = await RawConnection.open(echo.listener.port);
    gone.send(Buffer.concat([1, 2].map((sequence) => requestFrame(sequence, slow, large(700)))));
    await echo.entered(2);
  }
  await using next = await RawConnection.open(echo.listener.port);
  next.send(Buffer.concat([1, 2].map((sequence) => requestFrame(sequence, text, small))));
  await next.answers(2);
});

test("parts of frames count on all connections together: who passes the bound is refused, and room comes back", async () => {
  await using echo = await serveEcho({ limits: { calls: { maxBytes: 1_024 } } });
  const frame = requestFrame(
    7,
    text,
    Buffer.concat([small, Buffer.from([0x7a, 0x80 | (700 & 0x7f), 700 >> 7]), Buffer.alloc(700)]),
  );
  const part = frame.subarray(0, frame.length - 100);
  await using first = await RawConnection.open(echo.listener.port);
  first.send(requestFrame(1, text, small));
  await first.answers(1);
  first.send(Buffer.concat([requestFrame(2, text, small), part]));
  await first.answers(2);
  await using second = await RawConnection.open(echo.listener.port);
  second.send(part);
  const [refused] = await second.answers(1);
  assert.deepEqual([refused!.head.sequence, refused!.head.code], [7, Code.ResourceExhausted]);
  await second.end();
  first.send(frame.subarray(part.length));
  assert.equal((await first.answers(3)).at(-1)!.head.code, Code.Ok);
  await using third = await RawConnection.open(echo.listener.port);
  third.send(part);
  third.send(frame.subarray(part.length));
  assert.equal((await third.answers(1)).at(-1)!.head.code, Code.Ok);
});

test("calls that wait for something are not held up for what their first answer might be", async () => {
  await using echo = await serveEcho({ limits: { calls: { maxBytesPerConnection: 1_024 } } });
  await using connection = await RawConnection.open(echo.listener.port);
  const count = 50;
  connection.send(Buffer.concat(Array.from({ length: count }, (_, at) => requestFrame(at + 1, slow, Buffer.alloc(0)))));
  await echo.entered(count);
  echo.release();
  assert.equal((await connection.answers(count)).length, count);
});
