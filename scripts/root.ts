import { dirname } from "node:path";

/** The checkout's directory: every script works from it, wherever it was called. */
export const root = dirname(import.meta.dirname);
