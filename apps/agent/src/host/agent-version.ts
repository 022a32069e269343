import manifest from "../../package.json" with { type: "json" };

/** The version of this agent, as in its package. */
export const AGENT_VERSION: string = manifest.version;
