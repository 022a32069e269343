import assert from "node:assert/strict";
import { test } from "node:test";
import type { UserError } from "@msec/process";
import { CommanderError } from "commander";
import type { CommandContext } from "./context.ts";
import { en } from "./messages/en.ts";
import type { Messages } from "./messages/messages.ts";
import { zh } from "./messages/zh.ts";
import { styleOf } from "./output/style.ts";
import { usageErrorFromParser } from "./parser-error.ts";
import { createProgram } from "./program.ts";

/** What is said of a command line that makes no sense; and that the parser itself has said nothing. */
async function refusal(args: readonly string[], messages: Messages): Promise<string> {
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const terminal = { out: say, err: say, interactive: false, color: false };
  const context: CommandContext = {
    terminal,
    style: styleOf(terminal),
    messages,
    environment: {},
    workingDirectory: "/",
  };
  const program = await createProgram(context, "1", args);
  const error = await program.parseAsync(args, { from: "user" }).then(
    () => assert.fail("it was understood"),
    (cause: unknown) => cause,
  );
  assert.ok(error instanceof CommanderError);
  assert.deepEqual(said, []);
  const { message, hint, exitStatus }: UserError = usageErrorFromParser(error, program, args, { messages });
  assert.equal(exitStatus, 2);
  return `${message}; ${hint}`;
}

test("what the parser does not understand is said in the user's language, with the help to read", async () => {
  const rows: [args: string[], english: string, chinese: string][] = [
    [
      ["nonsense"],
      "there is no command nonsense; msec --help lists what there is",
      "没有命令 nonsense; 用法见 msec --help",
    ],
    [
      ["token", "--nam"],
      "there is no option --nam; did you mean --name? msec token --help lists what there is",
      "没有选项 --nam; 是否想输入 --name？ 用法见 msec token --help",
    ],
    [
      ["capacity", "out"],
      "<ip:port> is missing; msec capacity out --help lists what there is",
      "缺少 <ip:port>; 用法见 msec capacity out --help",
    ],
    [
      ["token", "--name"],
      "--name <name> has no value; msec token --help lists what there is",
      "--name <name> 缺少值; 用法见 msec token --help",
    ],
    [
      ["ps", "--lang", "fr"],
      "--lang <language> cannot be fr; msec ps --help lists what there is",
      "--lang <language> 不能是 fr; 用法见 msec ps --help",
    ],
    [
      ["ps", "x"],
      "msec ps takes fewer arguments; msec ps --help lists what there is",
      "msec ps 的参数过多; 用法见 msec ps --help",
    ],
  ];
  for (const [args, english, chinese] of rows) {
    assert.equal(await refusal(args, en), english);
    assert.equal(await refusal(args, zh), chinese);
  }
});
