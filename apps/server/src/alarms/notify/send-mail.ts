import type { AlarmChannel } from "@msec/api/console/v1/alarms_pb.js";
import { createTransport } from "nodemailer";
import { AddressDenied } from "./address-guard.ts";
import type { ChannelSecrets } from "./channel.ts";
import { DeliveryFailed } from "./delivery-failed.ts";
import type { Message } from "./message.ts";
import type { SendContext } from "./senders.ts";

/** A dialogue with a mail server has several waits: so many of the time of one are all there is for it. */
const waitsOfDialogue = 3;

/**
 * Send a message by SMTP. The server's name is resolved here and the address dialled, so that the guard decides on what is dialled;
 * its certificate is still that of the name.
 *
 * @returns what the server said
 * @throws DeliveryFailed; lasting for refused credentials and recipients
 */
export async function sendMail(
  channel: AlarmChannel,
  { secret }: ChannelSecrets,
  message: Message,
  { guard, timeoutMs }: SendContext,
): Promise<string> {
  const { smtpHost, smtpPort, smtpSecurity, smtpUser, smtpFrom, recipients } = channel;
  const address = await resolveServer(guard.resolve(smtpHost), smtpHost);
  const transport = createTransport({
    host: address,
    port: smtpPort,
    secure: smtpSecurity === "tls",
    requireTLS: smtpSecurity === "starttls",
    ignoreTLS: smtpSecurity === "none",
    tls: { servername: smtpHost },
    ...(smtpUser === "" ? {} : { auth: { user: smtpUser, pass: secret } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    // Text of ours only: nothing in it is a path or an address to be read.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  // A server that goes on saying something is never idle.
  const limitMs = waitsOfDialogue * timeoutMs;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new DeliveryFailed(`no answer within ${limitMs / 1_000} s`)), limitMs);
  try {
    const sending = transport.sendMail({
      from: smtpFrom,
      to: [...recipients],
      subject: message.title,
      text: [message.title, "", ...message.lines].join("\n"),
      messageId: `<${message.id}@msec>`,
      headers: { "auto-submitted": "auto-generated" },
    });
    const info = await Promise.race([sending, late.promise]);
    const said = String(info.response).slice(0, 200);
    // The server took it for some of them; again would be twice for these.
    const refused = (info.rejectedErrors ?? []).map(({ message: why }) => why.replaceAll(/\s+/g, " ").slice(0, 100));
    return refused.length === 0 ? said : `${said}; not for ${info.rejected.join(", ").slice(0, 200)}: ${refused[0]}`;
  } catch (error) {
    throw error instanceof DeliveryFailed ? error : failureFrom(error);
  } finally {
    clearTimeout(timer);
    transport.close();
  }
}

async function resolveServer(resolving: Promise<string>, host: string): Promise<string> {
  try {
    return await resolving;
  } catch (error) {
    if (error instanceof AddressDenied) throw new DeliveryFailed(error.message, true);
    throw new DeliveryFailed(`${host} cannot be resolved (${(error as NodeJS.ErrnoException).code ?? "no address"})`);
  }
}

function failureFrom(error: unknown): DeliveryFailed {
  const { code, responseCode, response } = error as { code?: string; responseCode?: number; response?: string };
  const lasting = code === "EAUTH" || (responseCode !== undefined && responseCode >= 500);
  const said = response === undefined ? "" : `: ${response.replaceAll(/\s+/g, " ").slice(0, 200)}`;
  return new DeliveryFailed(`the mail server failed (${responseCode ?? code ?? "no reason"})${said}`, lasting);
}
