import { join, resolve } from "node:path";

/** The checkout that this command came with: where the programs that it starts are. */
export const checkout = resolve(import.meta.dirname, "../../..");

/** A program's entry file in the checkout. */
export function programFile(name: "server" | "agent"): string {
  return join(checkout, "apps", name, "src/main.ts");
}
