/** What the command says where a command line makes no sense, in English. */
export const parserEn = {
  parserUnknownCommand: (name: string) => `there is no command ${name}`,
  parserUnknownOption: (flag: string) => `there is no option ${flag}`,
  parserMissingArgument: (name: string) => `<${name}> is missing`,
  parserOptionWithoutValue: (flags: string) => `${flags} has no value`,
  parserInvalidValue: (flags: string, value: string) => `${flags} cannot be ${value}`,
  parserTooMany: (command: string) => `${command} takes fewer arguments`,
  parserMeant: (names: string) => `did you mean ${names}?`,
  parserHelp: (command: string) => `${command} --help lists what there is`,
};
