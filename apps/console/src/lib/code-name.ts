import { Code } from "@connectrpc/connect";

/** The name of a gRPC status code: `OK` for 0, `Unavailable` for 14; a number nobody gave a name stays a number. */
export function codeName(code: number): string {
  if (code === 0) return "OK";
  return Code[code] ?? `code ${code}`;
}
