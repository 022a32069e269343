import { readIni, SYSTEM_SECTIONS } from "@msec/process";
import { z } from "zod";
import { type AgentKeyName, agentKeys } from "./agent-keys.ts";

/** `[agent]` of `msec.ini`, parsed; see `agent-keys.ts` for what each key means. */
export type AgentConfig = { readonly [Name in AgentKeyName]: z.output<(typeof agentKeys)[Name]["type"]> };

const section = z.object(
  Object.fromEntries(
    Object.entries(agentKeys).map(([name, key]) => [name, (key.type as z.ZodType).prefault(key.default)]),
  ),
);

/**
 * Read the agent's part of the configuration.
 *
 * @param file  `msec.ini`; `undefined` where there is no file: defaults hold
 * @throws UserError naming file, line, key and what was expected
 */
export function readAgentConfig(file: string | undefined): AgentConfig {
  const elsewhere = SYSTEM_SECTIONS.filter((name) => name !== "agent");
  const values =
    file === undefined ? section.parse({}) : readIni(file, { sections: { agent: section }, elsewhere }).values.agent;
  return values as AgentConfig;
}
