import { SessionService } from "@msec/api/console/v1/session_pb.js";
import { openOperatorApi } from "../api/operator-client.ts";
import { createSignInLink } from "../api/sign-in-link.ts";
import { type GlobalOptions, getState } from "../context.ts";
import type { AddCommand } from "./command.ts";

/** `msec token`: a new one-time sign-in link, alone on standard output. */
export const addTokenCommand: AddCommand = (program, context) => {
  const { messages, terminal, style } = context;
  program
    .command("token")
    .description(messages.tokenDescription)
    .option("--json", messages.optionJson)
    .action(async (_options, command) => {
      const options = command.optsWithGlobals() as GlobalOptions & { json?: boolean };
      const api = openOperatorApi(getState(context, options), messages);
      const link = await createSignInLink(api.baseUrl, api.client(SessionService));
      if (options.json) {
        terminal.out(JSON.stringify(link, null, 2));
      } else {
        terminal.out(link.url);
        terminal.err(style.faint(messages.signInLink(Math.round((link.expiresMs - Date.now()) / 60_000))));
      }
    });
};
