import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { InvalidQuery } from "../store-error.ts";
import { findProblem } from "./logs.ts";
import { type LogField, ValueType } from "./logs-columns.ts";
import { compileExpression } from "./logs-compile.ts";
import { compileFilter } from "./logs-filter.ts";
import { type Expression, parseExpression } from "./logs-parser.ts";
import { InvalidExpression, ProblemKind, problemText } from "./logs-problem.ts";
import { parsePlace } from "./logs-row.ts";

// The same inputs each time: what a run finds, the change that it is run for has broken. Others by hand.
fc.configureGlobal({ seed: Number(process.env.MSEC_FUZZ_SEED ?? 1) });

const fields: ReadonlyMap<string, LogField> = new Map([
  ["uid", { name: "uid", type: ValueType.Integer }],
  ["city", { name: "city", type: ValueType.Text }],
]);

function compiled(text: string) {
  return compileExpression(parseExpression(text)!, fields);
}

describe("an expression", () => {
  test("binds `not` before `and` before `or`, and takes two conditions side by side for both", () => {
    assert.equal(
      compiled("a = 1 or not b = 2 level >= error").sql,
      "((fields[{w0:String}] = {w1:String}) OR ((NOT (fields[{w2:String}] = {w3:String})) AND (level >= {w4:UInt8})))",
    );
    assert.deepEqual(compiled("level >= ERROR").params, { w0: 17 });
    assert.equal(parseExpression("  "), undefined);
  });

  test("knows columns by our names and the original's, defined fields by their types, and other fields by the map", () => {
    const cases: [string, string][] = [
      ["RPCName = x", "(method = {w0:String})"],
      ["content ~ x", "(position(lower(text), lower({w0:String})) > 0)"],
      ["uid > 41", "ifNull(`f_uid` > {w0:Int64}, 0)"],
      ["uid != 41.5", "ifNull(`f_uid` != {w0:Float64}, 1)"],
      ["city =~ '^s.*n$'", "match(`f_city`, {w0:String})"],
      ["uid ~ 4", "(position(fields[{w0:String}], {w1:String}) > 0)"],
      ["cost > 1.5", "ifNull(toFloat64OrNull(fields[{w0:String}]) > {w1:Float64}, 0)"],
      ["fields.level = a", "(fields[{w0:String}] = {w1:String})"],
      ["uid exists", "mapContains(fields, {w0:String})"],
      ["caller exists", "(caller != '')"],
      ["service in (A.b, 'C.d')", "((service = {w0:String}) OR (service = {w1:String}))"],
      ["reqid = 12", "(flow_id IN {w0:Array(UInt64)})"],
      ["dyed = true", "(dyed = 1)"],
      ["uid not in (4, 5)", "(NOT (ifNull(`f_uid` = {w0:Int64}, 0) OR ifNull(`f_uid` = {w1:Int64}, 0)))"],
      ["caller not exists", "(NOT (caller != ''))"],
      ["service = Flight.*", "startsWith(service, {w0:String})"],
      ["source in (*.ts, a)", "(endsWith(source, {w0:String}) OR (source = {w1:String}))"],
      ["a != *b*", "(NOT (position(fields[{w0:String}], {w1:String}) > 0))"],
      ["city = *", "(`f_city` != '')"],
      ["city = '*'", "(`f_city` = {w0:String})"],
    ];
    for (const [text, sql] of cases) assert.equal(compiled(text).sql, sql, text);
  });

  test("reads the signs that input methods for Chinese give", () => {
    for (const [wide, narrow] of [
      ["cost≥3 and（city＝“北京”or uid≠4）", 'cost >= 3 and (city = "北京" or uid != 4)'],
      ["！uid ！＝ 3，", undefined],
      ["city in（a，「b」）", "city in (a, 'b')"],
    ] as const) {
      if (narrow === undefined) assert.equal(findProblem(wide, fields)?.kind, ProblemKind.Character);
      else assert.deepEqual(compiled(wide), compiled(narrow));
    }
  });

  test("finds a field where another log page's `name:value` is written, and the text all the same", () => {
    const text = "position(lower(text), lower({w0:String})) > 0";
    const values = "arrayExists(x -> position(lower(x), lower({w0:String})) > 0, mapValues(fields))";
    assert.equal(compiled("level:error").sql, `(${text} OR ${values} OR (level = {w1:UInt8}))`);
    assert.deepEqual(compiled("uid:7").params, { w0: "uid:7", w1: "7" });
    for (const whole of ["http://a", "std::string", "level:loud", '"level:error"', "TypeError:", "a.b=c:d"])
      assert.equal(Object.keys(compiled(whole).params).length, whole.includes("=") ? 2 : 1, whole);
  });

  test("says what is wrong, where, in both languages", () => {
    const cases: [string, ProblemKind, number][] = [
      ["", ProblemKind.Condition, -1],
      ["level >=", ProblemKind.Value, 8],
      ["level >= loud", ProblemKind.Level, 9],
      ["(a = 1", ProblemKind.Close, 6],
      ["a = 1)", ProblemKind.Surplus, 5],
      ["a, b", ProblemKind.Character, 1],
      ["a = 'x", ProblemKind.OpenString, 4],
      ["a = 1 and", ProblemKind.Condition, 9],
      ["a = 1 & b = 2", ProblemKind.Character, 6],
      ["uid > many", ProblemKind.Number, 6],
      ["level ~ error", ProblemKind.Operator, 8],
      ["request = zz", ProblemKind.RequestId, 10],
      ["a in 1", ProblemKind.List, 5],
      ["a-'b", ProblemKind.OpenString, 2],
      ["1a = 2", ProblemKind.Name, 0],
      ["dyed = maybe", ProblemKind.YesNo, 7],
      ["(".repeat(40), ProblemKind.Deep, 32],
      ["a ".repeat(101), ProblemKind.Many, 200],
      [`a = ${"x".repeat(1_001)}`, ProblemKind.LongValue, 4],
      ["x".repeat(4_001), ProblemKind.TooLong, 4_000],
      [`a in (${"1,".repeat(100)}1)`, ProblemKind.ManyValues, 206],
    ];
    for (const [text, kind, position] of cases) {
      const problem = findProblem(text, fields);
      if (position < 0) {
        assert.equal(problem, undefined);
        continue;
      }
      assert.deepEqual([problem?.kind, problem?.position], [kind, position], text.slice(0, 60));
      assert.match(problemText(problem!, "en"), new RegExp(`^at character ${position + 1}: `));
      assert.match(problemText(problem!, "zh"), new RegExp(`^第 ${position + 1} 个字符：`));
    }
  });

  test("keeps backslashes of patterns, and takes escapes of quotes", () => {
    assert.deepEqual(compiled(String.raw`text =~ "a\d+\"b\\"`).params, { w0: String.raw`a\d+"b\ `.trim() });
  });

  test("puts nothing of what a user writes into the SQL, whatever it is", () => {
    const hostile = [
      "'; DROP TABLE log; --",
      "url('http://x')",
      "`",
      "{w0:String}",
      "\\",
      "1 UNION ALL SELECT",
      "\u0000",
    ];
    const value = fc.oneof(
      fc.constantFrom(...hostile),
      fc.string({ maxLength: 30 }),
      fc.string({ unit: "grapheme", maxLength: 20 }),
    );
    const name = fc.oneof(fc.constantFrom("level", "uid", "city", "text", "request", "x.y-z"), value);
    fc.assert(
      fc.property(
        name,
        fc.constantFrom("=", "!=", "<", ">=", "~", "!~", "=~", " in ", " exists"),
        value,
        (left, sign, right) => {
          const text = `${left}${sign}${sign === " in " ? `(${JSON.stringify(right)})` : sign === " exists" ? "" : JSON.stringify(right)}`;
          let expression: Expression | undefined;
          try {
            expression = parseExpression(text);
            if (expression === undefined) return;
            const { sql, params } = compileExpression(expression, fields);
            const bare = sql.replaceAll(/\{w\d+:[A-Za-z0-9()]+\}/g, "?");
            assert.match(bare, ours);
            assert.equal(new Set(sql.match(/\{w\d+:/g)).size, Object.keys(params).length);
          } catch (error) {
            assert.ok(error instanceof InvalidExpression, String(error));
            assert.ok(error.problem.position >= 0 && error.problem.position <= text.length);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  test("reads any text in time that does not explode, and either answers or names a place in it", () => {
    const piece = fc.constantFrom(
      "(",
      ")",
      "not ",
      "!",
      "and ",
      "or ",
      "a",
      "=",
      "~",
      "'",
      '"',
      ",",
      " in ",
      "exists",
      "\\",
      "&",
      "|",
      "深圳",
      "\ud800",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 200 }), (pieces) => {
        const text = pieces.join("");
        const problem = findProblem(text, fields);
        assert.ok(problem === undefined || (problem.position <= text.length && problem.length >= 1));
      }),
      { numRuns: 400 },
    );
  });
});

// All that SQL of ours may consist of, once parameters are taken out.
const ours =
  /^(?:[()? =<>!]|`f_(?:uid|city)`|fields\[\?\]|AND|OR|NOT|IN|NULL|ifNull|toFloat64OrNull|position|lower|arrayExists|mapValues|mapContains|match|level|text|flow_id|trace_high|span_id|service|instance|host|method|caller|peer|source|function|dyed|fields|x -> |x|, |[01]|'')*$/;

describe("a filter", () => {
  const range = { fromMs: 1_000, toMs: 2_000 };

  test("has bounds for its times and names", () => {
    for (const filter of [
      { fromMs: 2_000, toMs: 1_000 },
      { fromMs: Number.NaN, toMs: 1_000 },
      { fromMs: 0, toMs: 9e15 },
      { fromMs: 0, toMs: 500 * 86_400_000 },
      { ...range, level: "loud" },
      { ...range, level: "__proto__" },
      { ...range, service: "x".repeat(300) },
      { ...range, requestId: "0" },
    ]) {
      assert.throws(() => compileFilter(filter, fields), InvalidQuery, JSON.stringify(filter).slice(0, 80));
    }
  });

  test("a first-level name stands for all services below it", () => {
    const { sql, params } = compileFilter({ ...range, service: "Flight" }, fields);
    assert.deepEqual([sql, params], ["startsWith(service, {service:String})", { service: "Flight." }]);
  });

  test("a place is read only as we write it", () => {
    assert.deepEqual(parsePlace("1700000000000000_18446744073709551615"), {
      timeUs: 1_700_000_000_000_000,
      tie: "18446744073709551615",
    });
    for (const bad of ["", "1", "1_18446744073709551616", "1_2_3", "-1_2", "1_2;"]) {
      assert.throws(() => parsePlace(bad), InvalidQuery, bad);
    }
  });
});
