import { reportUserError, stopSignal } from "@msec/process";
import { startAgent } from "./agent.ts";
import { parseArguments, usage } from "./arguments.ts";

async function main(): Promise<void> {
  const args = parseArguments(process.argv.slice(2));
  if (args.help) {
    process.stdout.write(usage);
    return;
  }
  // Whoever asks twice does not want to wait: instances run on, and the next agent takes them over.
  using stopping = stopSignal(() => process.exit(1));
  const agent = await startAgent(args);
  if (args.readyJson)
    console.log(JSON.stringify({ ready: true, name: "agent", pid: process.pid, listen: agent.socket }));
  const stopped = new Promise<undefined>((resolve) =>
    stopping.signal.addEventListener("abort", () => resolve(undefined), { once: true }),
  );
  const failure = stopping.signal.aborted ? undefined : await Promise.race([stopped, agent.failed]);
  await agent.stop({ stopInstances: args.stopInstances });
  if (failure !== undefined) throw failure;
}

main().catch((error: unknown) => {
  // At once: what was opened before it failed would keep a process that serves nobody.
  process.exit(reportUserError(error, "msec agent"));
});
