import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { file_interop } from "../gen/interop_pb.js";

/** Debian's own interpreter: its packages are not those of another one that may come first in the PATH. */
export const python = "/usr/bin/python3";

const isInstalled = spawnSync(python, ["-c", "import grpc, google.protobuf"]).status === 0;

/** Why the programs cannot run; false where they can. */
export const whyNoPython = isInstalled ? false : "not installed: Debian's python3-grpcio and python3-protobuf";

/** Where a program of `python/` lies. */
export function pythonProgram(name: string): string {
  return fileURLToPath(new URL(`python/${name}.py`, import.meta.url));
}

/** The programs' environment: the messages' descriptor is in it. */
export const pythonEnvironment = {
  PATH: process.env.PATH,
  INTEROP_DESCRIPTOR: Buffer.from(toBinary(FileDescriptorProtoSchema, file_interop.proto)).toString("base64"),
  PYTHONDONTWRITEBYTECODE: "1",
};

/** Interop's service on the C++ core's Python server, in a process of its own. */
export async function startPythonServer(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server: ChildProcess = spawn(python, [pythonProgram("interop_server")], {
    env: pythonEnvironment,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(server, "exit");
  const [port] = await once(createInterface({ input: server.stdout! }), "line");
  return {
    port: Number(port),
    close: async () => {
      server.stdin!.end();
      await exited;
    },
  };
}
