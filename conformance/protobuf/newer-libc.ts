import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const suite = "trixie";
const packages = ["libc6", "libstdc++6", "libgcc-s1"];
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
const libraries = "root/usr/lib/x86_64-linux-gnu";

/** The C library of Debian trixie in a directory of its own: a loader, and where it finds the rest. */
export interface NewerLibc {
  readonly loader: string;
  readonly libraryPath: string;
}

/** What `fetchNewerLibc` left in a directory, if it was there. */
export function findNewerLibc(directory: string): NewerLibc | undefined {
  const libraryPath = join(directory, libraries);
  const loader = join(libraryPath, "ld-linux-x86-64.so.2");
  return existsSync(loader) ? { loader, libraryPath } : undefined;
}

/**
 * Fetch it with apt, whose signatures are checked, without touching what is installed: about 20 MB on the way, 15 MB on disk.
 *
 * @throws Error  no apt (another system than Debian), no network
 */
export async function fetchNewerLibc(directory: string): Promise<void> {
  for (const part of ["lists/partial", "cache/archives/partial", "root"]) {
    await mkdir(join(directory, part), { recursive: true });
  }
  const list = join(directory, "sources.list");
  await writeFile(list, `deb [signed-by=${keyring}] http://deb.debian.org/debian ${suite} main\n`);
  const settings = {
    "Dir::Etc::sourcelist": list,
    "Dir::Etc::sourceparts": "/dev/null",
    "Dir::State::lists": join(directory, "lists"),
    "Dir::Cache": join(directory, "cache"),
    "Acquire::Languages": "none",
    // As the user that runs this, since apt's own may not write here.
    "APT::Sandbox::User": "root",
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  await run("apt-get", [...options, "update"], { cwd: directory, timeout: 120_000 });
  await run("apt-get", [...options, "download", ...packages], { cwd: directory, timeout: 120_000 });
  for (const file of (await readdir(directory)).filter((name) => name.endsWith(".deb"))) {
    await run("dpkg-deb", ["-x", join(directory, file), join(directory, "root")]);
  }
}
