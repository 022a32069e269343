/**
 * Who may import whom, as the style guide draws it. The name of a workspace package → the packages of this repository that
 * it may import. What is not listed may import nothing of ours; the test beside says that every workspace is listed.
 *
 * Engines (balance, store, queue, telemetry-store, kv) know no RPC: programs adapt them. Nothing imports a program.
 */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  "@msec/wire": [],
  "@msec/rpc": ["@msec/wire"],
  "@msec/rpc-node": ["@msec/rpc", "@msec/wire"],
  "@msec/api": [],
  "@msec/balance": [],
  "@msec/telemetry": [],
  "@msec/process": [],
  "@msec/otlp": ["@msec/process", "@msec/rpc", "@msec/rpc-node", "@msec/telemetry", "@msec/wire"],
  "@msec/store": [],
  "@msec/telemetry-store": [],
  "@msec/queue": ["@msec/store"],
  "@msec/kv": [],
  "@msec/service": [
    "@msec/api",
    "@msec/balance",
    "@msec/process",
    "@msec/rpc",
    "@msec/rpc-node",
    "@msec/telemetry",
    "@msec/wire",
  ],
  "@msec/agent": [
    "@msec/api",
    "@msec/balance",
    "@msec/otlp",
    "@msec/process",
    "@msec/rpc",
    "@msec/rpc-node",
    "@msec/telemetry",
    "@msec/wire",
  ],
  "@msec/server": [
    "@msec/api",
    "@msec/balance",
    "@msec/kv",
    "@msec/otlp",
    "@msec/process",
    "@msec/queue",
    "@msec/rpc",
    "@msec/rpc-node",
    "@msec/store",
    "@msec/telemetry",
    "@msec/telemetry-store",
    "@msec/wire",
  ],
  "@msec/cli": ["@msec/api", "@msec/process", "@msec/rpc", "@msec/service"],
  "@msec/console": ["@msec/api", "@msec/balance", "@msec/rpc"],
  "@msec/example-flight": ["@msec/service"],
  "@msec/example-scenarios": ["@msec/service"],
  "@msec/e2e": ["@msec/api", "@msec/process"],
};

/**
 * What beyond `mayImport` tests, and what `src/testing/` has for them, may import: sources never get it, since a test is no part of what runs.
 */
export const testsMayImport: Readonly<Record<string, readonly string[]>> = {
  "@msec/rpc-node": ["@msec/process"],
};

/** Whether a file is a test, or is there for tests only. */
export function isForTests(path: string): boolean {
  return path.endsWith(".test.ts") || path.includes("/src/testing/");
}

/** One import in one file: what it names, and in which line. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
}

/**
 * The imports and re-exports of a TypeScript source, with those of types only, which a parser of JavaScript would never see.
 *
 * The source is formatted (another step sees to that), so a static import begins its line and its specifier is in double
 * quotes; text inside a template literal that looks the same would be taken for one.
 */
export function findImports(source: string): Import[] {
  const patterns = [/^(?:import|export)\s(?:[^"'`;]*?\sfrom\s)?"([^"\n]+)"/gm, /\bimport\("([^"\n]+)"\)/g];
  return patterns
    .flatMap((pattern) => [...source.matchAll(pattern)])
    .map((match) => ({
      specifier: match[1] ?? "",
      line: source.slice(0, match.index + match[0].length).split("\n").length,
    }))
    .sort((a, b) => a.line - b.line);
}
