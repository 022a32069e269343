import manifest from "../package.json" with { type: "json" };

/** msec's version; all packages have the same. */
export const version: string = manifest.version;
