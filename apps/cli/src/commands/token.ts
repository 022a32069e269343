import { RegistryService } from "@msec/api/console/v1/registry_pb.js";
import { SessionService } from "@msec/api/console/v1/session_pb.js";
import { createEnrolment } from "../api/enrolment.ts";
import { openOperatorApi } from "../api/operator-client.ts";
import { createSignInLink } from "../api/sign-in-link.ts";
import { type GlobalOptions, getState } from "../context.ts";
import type { AddCommand } from "./command.ts";

/** `msec token`: a new one-time sign-in link, alone on standard output; with `--host` what that host's agent enrols with. */
export const addTokenCommand: AddCommand = (program, context) => {
  const { messages, terminal, style } = context;
  program
    .command("token")
    .description(messages.tokenDescription)
    .option("--host <name>", messages.tokenHost)
    .option("--name <name>", messages.tokenName)
    .option("--json", messages.optionJson)
    .action(async (_options, command) => {
      const options = command.optsWithGlobals() as GlobalOptions & { host?: string; name?: string; json?: boolean };
      const api = openOperatorApi(getState(context, options), messages);
      if (options.host !== undefined) {
        // The same with and without --json: it is a file for the agent.
        const { enrolment, expiresMs } = await createEnrolment(api.client(RegistryService), options.host);
        terminal.out(JSON.stringify(enrolment, null, 2));
        terminal.err(style.faint(messages.enrolmentUse(options.host, minutesUntil(expiresMs))));
        return;
      }
      const link = await createSignInLink(api.baseUrl, api.client(SessionService), options.name);
      if (options.json) {
        terminal.out(JSON.stringify(link, null, 2));
      } else {
        terminal.out(link.url);
        terminal.err(style.faint(messages.signInLink(minutesUntil(link.expiresMs))));
      }
    });
};

function minutesUntil(timeMs: number): number {
  return Math.round((timeMs - Date.now()) / 60_000);
}
