import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { z } from "zod";
import { temporaryDirectory } from "../testing-directory.ts";
import { UserError } from "../user-error.ts";
import { booleanKey, choiceKey, durationKey, integerKey, listenKey, sizeKey, textKey } from "./ini-keys.ts";
import { INI_FILE_MAX_BYTES, parseIni, readIni } from "./read-ini.ts";

const schema = {
  sections: {
    server: z.object({
      listen: listenKey().default({ address: "127.0.0.1", port: 8080 }),
      workers: integerKey({ min: 1, max: 64, unit: "processes" }).optional(),
      keep: durationKey({ minMs: 1000, maxMs: 86_400_000 }).default(60_000),
      spool: sizeKey({ minBytes: 1024, maxBytes: 1024 ** 3 }).default(1024 ** 2),
      level: choiceKey(["info", "debug"]).default("info"),
      verbose: booleanKey().default(false),
    }),
  },
  elsewhere: ["agent"],
};

function messageOf(text: string): string {
  try {
    parseIni("msec.ini", text, schema);
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    return error.hint === "" ? error.message : `${error.message}; ${error.hint}`;
  }
  return "accepted";
}

test("values are parsed to what the program works with, defaults fill the rest", () => {
  const text =
    '\uFEFF; comment\r\n[server] ; here\r\nlisten = "[::1]:0"\r\nkeep=5min # five\r\nspool=256M\nlevel=DEBUG\nverbose=yes\n';
  assert.deepEqual(parseIni("msec.ini", text, schema).values.server, {
    listen: { address: "::1", port: 0 },
    keep: 300_000,
    spool: 256 * 1024 ** 2,
    level: "debug",
    verbose: true,
  });
  assert.deepEqual(parseIni("msec.ini", "", schema).values.server.listen, { address: "127.0.0.1", port: 8080 });
});

test("what is not known or not right is refused with file, line, section, key and what was expected", () => {
  const cases: [text: string, message: string][] = [
    [
      "\n[server]\n; x\nlissten=1",
      'msec.ini:4: [server] has no key "lissten"; did you mean "listen"? known keys: listen, workers, keep, spool, level, verbose',
    ],
    ["[server]\nListen=a:1", 'msec.ini:2: [server] has no key "Listen"; did you mean "listen"? known keys:'],
    ["[server]\nzzzzzzz=1", 'msec.ini:2: [server] has no key "zzzzzzz"; known keys: listen'],
    ["[sever]\n", 'msec.ini:1: there is no section [sever]; did you mean "server"? known sections: server, agent'],
    ["[server]\nworkers=65", 'msec.ini:2: [server] workers: expected a whole number of 1…64 processes, found "65"'],
    ["[server]\nworkers=1.5", 'msec.ini:2: [server] workers: expected a whole number of 1…64 processes, found "1.5"'],
    ["[server]\nkeep=10", 'msec.ini:2: [server] keep: expected a time of 1s…1d (a bare number is ms), found "10"'],
    ["[server]\nspool=2T", 'msec.ini:2: [server] spool: expected a size of 1K…1G (a bare number is bytes), found "2T"'],
    ["[server]\nlevel=loud", 'msec.ini:2: [server] level: expected one of info, debug, found "loud"'],
    ["[server]\nlisten=8080", "msec.ini:2: [server] listen: expected address:port, such as 127.0.0.1:8080"],
    ["[server]\nlisten=a:65536", "msec.ini:2: [server] listen: expected address:port"],
    ["[server]\nverbose", 'msec.ini:2: expected [section] or key = value, found "verbose"'],
    ["[server\nverbose=1", 'msec.ini:1: expected [section] or key = value, found "[server"'],
    ["verbose=1", "msec.ini:1: verbose stands before the first [section]"],
    ["[server]\nkeep=1s\nkeep=2s", "msec.ini:3: [server] keep is given twice, first in line 2"],
    ["[server]\nkeep=1s\n[agent]\n[server]\nkeep=2s", "msec.ini:5: [server] keep is given twice, first in line 2"],
    ["[server]\n__proto__=1", 'msec.ini:2: "__proto__=1" has no usable key'],
    ["[server]\nconstructor=1", 'msec.ini:2: [server] has no key "constructor"'],
    ["[__proto__]\nx=1", "msec.ini:1: there is no section [__proto__]"],
  ];
  for (const [text, message] of cases) {
    const found = messageOf(text);
    assert.ok(found.startsWith(message), `${JSON.stringify(text)}\n  gave     ${found}\n  expected ${message}`);
  }
});

test("a key that must be there is named when it is not", () => {
  const strict = { sections: { agent: z.object({ server: textKey() }) } };
  assert.throws(() => parseIni("a.ini", "[agent]\n", strict), /^UserError: a\.ini:1: \[agent\] server is missing$/);
  assert.throws(() => parseIni("a.ini", "", strict), /^UserError: a\.ini: \[agent\] server is missing$/);
});

test("a section of another program is accepted and handed over as it stands", () => {
  const found = parseIni("msec.ini", "[agent]\nanything=1\n", schema);
  assert.deepEqual([...found.others.get("agent")!], [["anything", "1"]]);
});

test("a missing, over-long or unreadable file is one line with what to do; an optional one may be missing", () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, "msec.ini");
  assert.throws(() => readIni(file, schema), /cannot read .*msec\.ini: it does not exist/);
  assert.throws(() => readIni(directory.path, schema), /it is a directory/);
  assert.equal(readIni(file, schema, { optional: true }).values.server.keep, 60_000);
  writeFileSync(file, "#".repeat(INI_FILE_MAX_BYTES + 1));
  assert.throws(() => readIni(file, schema), /has 1048577 bytes; a configuration file may have 1048576/);
});
