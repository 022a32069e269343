import assert from "node:assert/strict";
import { compressedFlags } from "./compressed-flags.ts";
import { targets } from "./targets.ts";

/** What of server_compressed_unary and server_compressed_streaming clients' libraries do not tell: whether the answers really come compressed. */
export async function assertServerCompresses(port: number): Promise<void> {
  for (const value of [true, false]) {
    const [answer, ...more] = await compressedFlags(port, targets.unaryCall, {
      responseSize: 314159,
      payload: { body: new Uint8Array(271828) },
      responseCompressed: { value },
    });
    assert.equal(more.length, 0);
    assert.equal(answer!.isCompressed, value);
    assert.equal(answer!.bytes < 314159, value);
  }
  const answers = await compressedFlags(port, targets.streamingOutputCall, {
    responseParameters: [
      { size: 31415, compressed: { value: true } },
      { size: 92653, compressed: { value: false } },
    ],
  });
  assert.deepEqual(
    answers.map(({ isCompressed }) => isCompressed),
    [true, false],
  );
  assert.ok(answers[0]!.bytes < 31415 && answers[1]!.bytes >= 92653);
}
