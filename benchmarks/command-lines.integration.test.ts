import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(file: string, ...words: string[]): Promise<Ended> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  return await new Promise((resolve) => {
    execFile(process.execPath, [path, ...words], { timeout: 120_000 }, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
    );
  });
}

const subjects = ["rpc", "logs", "distribution", "routing", "overload", "memory", "store", "telemetry", "console"];

test("npm run bench names every subject in its help", async () => {
  const { status, stdout } = await run("./bench.ts", "--help");
  assert.equal(status, 0);
  for (const subject of subjects) {
    assert.match(stdout, new RegExp(`^ {2}${subject} `, "m"));
  }
});

test("every subject has help", async () => {
  const all = [
    ...subjects.map((subject) => run("./bench.ts", subject, "--help")),
    run("./sim/run.ts", "--help"),
    run("./rpc/echo-server.ts", "--help"),
  ];
  for (const { status, stdout, stderr } of await Promise.all(all)) {
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /^Usage: (npm run|node) /);
  }
});

const refused: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["an option that does not exist", ["./rpc/echo-server.ts", "--prot", "1"], /^Unknown option '--prot'\n\nUsage: /],
  ["a port that is none", ["./rpc/echo-server.ts", "--port", "abc"], /^--port "abc" must be an integer in 0…65535\n/],
  [
    "workers that are none",
    ["./rpc/echo-server.ts", "--workers", "0"],
    /^--workers "0" must be an integer in 1…1024\n/,
  ],
  ["shapes that nothing has", ["./rpc/run.ts", "--shapes", "7x7"], /^--shapes "7x7" matches none of: 1×1, 64×1, 8×8/],
  ["no regular expression", ["./rpc/run.ts", "--shapes", "("], /^--shapes is no regular expression/],
  ["peers that nobody is", ["./rpc/run.ts", "--peers", "thrift"], /^--peers "thrift" matches none of: .*moleculer/m],
  [
    "protocols that nobody speaks",
    ["./rpc/run.ts", "--protocols", "soap"],
    /matches none of: gRPC, Connect, HTTP\+JSON/,
  ],
  ["no rounds", ["./rpc/run.ts", "--rounds", "x"], /^--rounds "x" must be an integer in 1…100\n/],
  ["kinds that there are not", ["./rpc/overload.ts", "--kinds", "gpu"], /matches none of: cpu-1, cpu-10, async/],
  ["a store's subject that there is not", ["./store/run.ts", "rows"], /matches none of: metrics, calls, flows/],
  ["a word too many", ["./rpc/memory.ts", "5"], /^what is "5"\?\n/],
];
for (const [what, [file, ...words], says] of refused) {
  test(`refused with what there is: ${what}`, async () => {
    const { status, stderr, stdout } = await run(file!, ...words);
    assert.match(stderr, says);
    assert.deepEqual([status, stdout], [2, ""]);
    assert.doesNotMatch(stderr, /\bat .*\.ts:\d/, "a stack trace");
  });
}

test("the letter x does as a × in shapes", async () => {
  // Peers are looked at behind shapes.
  const { stderr } = await run("./rpc/run.ts", "--shapes", "64x1", "--peers", "nobody");
  assert.match(stderr, /^--peers "nobody"/m);
});
