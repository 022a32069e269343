/**
 * The sections of `msec.ini`. Each program checks its own and accepts the others (`elsewhere` of `IniSchema`), so that one
 * file configures all of them and a misspelt section is still an error.
 *
 * @see docs/reference/configuration.md
 */
export const SYSTEM_SECTIONS = ["system", "server", "telemetry", "agent", "example"] as const;
