import type { parserEn } from "./parser-en.ts";

/** What the command says where a command line makes no sense, in Chinese. */
export const parserZh: typeof parserEn = {
  parserUnknownCommand: (name) => `没有命令 ${name}`,
  parserUnknownOption: (flag) => `没有选项 ${flag}`,
  parserMissingArgument: (name) => `缺少 <${name}>`,
  parserOptionWithoutValue: (flags) => `${flags} 缺少值`,
  parserInvalidValue: (flags, value) => `${flags} 不能是 ${value}`,
  parserTooMany: (command) => `${command} 的参数过多`,
  parserMeant: (names) => `是否想输入 ${names}？`,
  parserHelp: (command) => `用法见 ${command} --help`,
};
