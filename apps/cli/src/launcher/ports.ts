import { createServer } from "node:net";
import { systemErrorCode, UserError } from "@msec/process";
import type { Messages } from "../messages/messages.ts";
import { findPortHolder } from "./port-holder.ts";
import type { Listen } from "./settings.ts";

/** A place where a part of the system is going to listen. */
export interface WantedPort extends Listen {
  /** Who will, for people: `console`, `Login.mod_user`. */
  readonly purpose: string;
  /** The key of `msec.ini` that sets it. */
  readonly key: string;
}

/**
 * Check that every wanted port is free, by listening on it for a moment.
 *
 * @throws UserError naming the first that is not, who holds it if that can be told, and the key that sets another
 */
export async function checkPorts(wanted: readonly WantedPort[], messages: Messages): Promise<void> {
  for (const [index, place] of wanted.entries()) {
    if (wanted.slice(0, index).some((earlier) => earlier.port === place.port)) {
      throw new UserError(messages.samePort(place.port), { hint: messages.portTakenHint(place.key) });
    }
    const code = await tryListen(place);
    if (code !== undefined) throw portError(place, code, messages);
  }
}

async function tryListen(place: Listen): Promise<string | undefined> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once("error", (error) => resolve(systemErrorCode(error) ?? error.message));
    server.listen(place.port, place.address, () => server.close(() => resolve(undefined)));
  });
}

function portError(place: WantedPort, code: string, messages: Messages): UserError {
  const address = `${place.address}:${place.port}`;
  if (code !== "EADDRINUSE") {
    return new UserError(messages.portForbidden(address, place.purpose, code), {
      hint: messages.portForbiddenHint(place.key),
    });
  }
  const holder = findPortHolder(place.port);
  const who = holder === undefined ? messages.anotherProcess : messages.processHolder(holder.pid, holder.command);
  return new UserError(messages.portTaken(address, place.purpose, who), { hint: messages.portTakenHint(place.key) });
}
