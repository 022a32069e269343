import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A program that opens its port and serves until SIGTERM, without knowing of any agent. */
export const PLAIN_SERVICE = `
import { createServer } from "node:net";
const server = createServer((socket) => socket.end(process.cwd()));
server.listen(Number(process.env.MSEC_PORT), process.env.MSEC_ADDRESS, () => console.log("serving", Object.keys(process.env).sort().join()));
process.on("SIGTERM", () => process.exit(0));
`;

/** Put a service into `<root>/<L1>/<L2>`, with one module. */
export function installService(root: string, service: string, module: string, text: string, mode = 0o644): string {
  const directory = join(root, ...service.split("."));
  for (const part of ["bin", "etc", "log"]) mkdirSync(join(directory, part), { recursive: true });
  writeFileSync(join(directory, "etc", "config.ini"), `[SRPC]\nmodule=./${module}\n`);
  writeFileSync(join(directory, "bin", module), text, { mode });
  return directory;
}
