import { userInfo } from "node:os";

/**
 * The name of the operating system's user whom this process belongs to, as far as it can stand for a person: 1…64 characters; `operator` where there
 * is none (a container may run as a user id without an entry in /etc/passwd).
 */
export function osUserName(): string {
  try {
    const name = userInfo()
      .username.replace(/[^A-Za-z0-9 ._@+-]+/g, "_")
      .replace(/^[^A-Za-z0-9]+/, "");
    return name.slice(0, 64) || "operator";
  } catch {
    // uv_os_get_passwd: no entry for this uid.
    return "operator";
  }
}
