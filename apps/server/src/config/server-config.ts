import { readIni, SYSTEM_SECTIONS, UserError } from "@msec/process";
import { z } from "zod";
import { type ServerKeyName, serverKeys } from "./server-keys.ts";

/** `[server]` of `msec.ini`, parsed; see `server-keys.ts` for what each key means. */
export type ServerConfig = { readonly [Name in ServerKeyName]: z.output<(typeof serverKeys)[Name]["type"]> };

const section = z.object(
  Object.fromEntries(
    Object.entries(serverKeys).map(([name, key]) => [name, (key.type as z.ZodType).prefault(key.default)]),
  ),
);

/**
 * Read the server's part of the configuration.
 *
 * @param file       `msec.ini`; `undefined` where there is no file: defaults hold
 * @param overrides  values of the command line, as they would stand in the file
 * @throws UserError naming file, line, key and what was expected
 */
export function readServerConfig(
  file: string | undefined,
  overrides: Partial<Record<ServerKeyName, string>> = {},
): ServerConfig {
  const elsewhere = SYSTEM_SECTIONS.filter((name) => name !== "server");
  const config = {
    ...(file === undefined
      ? section.parse({})
      : readIni(file, { sections: { server: section }, elsewhere }).values.server),
    ...parseOverrides(overrides),
  } as ServerConfig;
  assertReachable(config);
  return config;
}

function parseOverrides(overrides: Partial<Record<ServerKeyName, string>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(overrides).map(([name, text]) => {
      const parsed = (serverKeys[name as ServerKeyName].type as z.ZodType).safeParse(text);
      if (!parsed.success) {
        throw new UserError(`--${name.replaceAll("_", "-")}: ${parsed.error.issues[0]?.message}`);
      }
      return [name, parsed.data];
    }),
  );
}

function assertReachable(config: ServerConfig): void {
  const { address } = config.agent_listen;
  if ((address === "0.0.0.0" || address === "::") && config.agent_address === "") {
    throw new UserError(`agent_listen is the wildcard ${address}, which no agent can dial`, {
      hint: "say in agent_address of [server] which address and port agents reach",
    });
  }
}
