import { runCommand } from "./command.ts";

/** The Debian packages that tests use besides what npm brings, and what is skipped without them. */
export const debianPackages: readonly { name: string; without: string }[] = [
  { name: "chromium", without: "the console's pages in a real browser" },
  { name: "fonts-noto-cjk", without: "Chinese glyphs in the screenshots (empty boxes instead)" },
  { name: "python3-grpcio", without: "gRPC interop with the C++ core's Python client" },
  { name: "python3-protobuf", without: "gRPC interop with the C++ core's Python client" },
  { name: "faketime", without: "an hour without the server" },
  { name: "iproute2", without: "the system on several hosts" },
  { name: "postgresql", without: "the store's tests on PostgreSQL (SQLite only)" },
  { name: "prometheus", without: "Prometheus reading /metrics of server and agent" },
];

/**
 * Install the packages that are missing where this process may (root on a Debian), and give a line for each that could not be.
 */
export async function installDebianPackages(): Promise<string[]> {
  const missing = await findMissing();
  if (missing.length === 0) {
    return [];
  }
  const mayInstall = process.getuid?.() === 0 && (await runCommand("apt-get", ["--version"])).status === 0;
  let reason = "needs root and apt-get";
  if (mayInstall) {
    console.log(`installing ${missing.map((entry) => entry.name).join(", ")} …`);
    reason = await install(missing.map((entry) => entry.name));
  }
  return (await findMissing()).map((entry) => `not installed: ${entry.name} (${reason}); skipped: ${entry.without}`);
}

async function findMissing(): Promise<typeof debianPackages> {
  const states = await Promise.all(
    debianPackages.map(async (entry) => {
      const { output } = await runCommand("dpkg-query", ["-W", "-f", "$" + "{Status}", entry.name]);
      return output.includes("install ok installed");
    }),
  );
  return debianPackages.filter((_, index) => !states[index]);
}

async function install(names: readonly string[]): Promise<string> {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const update = await runCommand("apt-get", ["update", "-q"], { timeoutMs: 120_000, env });
  const result = await runCommand("apt-get", ["install", "-qy", "--no-install-recommends", ...names], {
    timeoutMs: 480_000,
    env,
  });
  const failed = result.status === 0 ? update : result;
  return `apt-get said: ${failed.output.trim().split("\n").at(-1)}`;
}
