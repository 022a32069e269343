import { isDeepStrictEqual } from "node:util";
import { type Client, ConnectError } from "@connectrpc/connect";
import type { AlarmChannel, AlarmRule, AlarmService } from "@msec/api/console/v1/alarms_pb.js";
import { UserError } from "@msec/process";
import { userErrorFromConnect } from "../api/connect-error.ts";
import type { Messages } from "../messages/messages.ts";
import { channelDocument, channelFromDocument, ruleDocument, ruleFromDocument } from "./alarm-documents.ts";
import type { Document } from "./document.ts";

/** Rules and channels as a file has them; a part that is missing is left alone. */
export interface AlarmDocuments {
  readonly channels?: readonly Document[];
  readonly rules?: readonly Document[];
}

/** What became, or would become, of one rule or channel. */
export interface AppliedChange {
  readonly kind: "rule" | "channel";
  readonly name: string;
  readonly what: "added" | "changed" | "removed" | "same";
}

/** How a file is applied. */
export interface ApplyOptions {
  /** Remove rules and channels that the file does not have, of the parts that it has. */
  readonly removeOthers: boolean;
  /** Only say what would be done. */
  readonly dryRun: boolean;
  readonly environment: NodeJS.ProcessEnv;
  readonly messages: Messages;
}

type Api = Client<typeof AlarmService>;

/** Everything as a file. */
export async function exportAlarms(api: Api): Promise<Required<AlarmDocuments>> {
  const [{ rules }, { channels }] = await Promise.all([api.listAlarmRules({}), api.listAlarmChannels({})]);
  const names = new Map(channels.map(({ id, name }) => [id, name]));
  return {
    channels: channels.map(channelDocument),
    rules: rules.map((rule) => ruleDocument(rule, (id) => names.get(id) ?? id)),
  };
}

/**
 * Make rules and channels what a file says, channels first; what is so already is left alone. Again: changes nothing.
 *
 * @throws UserError naming the rule or channel: what came before it is done, and the file can be applied again
 */
export async function applyAlarms(
  api: Api,
  documents: AlarmDocuments,
  options: ApplyOptions,
): Promise<AppliedChange[]> {
  const { dryRun, environment, messages, removeOthers } = options;
  const { channels } = await api.listAlarmChannels({});
  const { rules } = await api.listAlarmRules({});
  const ids = new Map(channels.map(({ id, name }) => [name, id]));
  const changes: AppliedChange[] = [];

  for (const document of documents.channels ?? []) {
    await naming("channel", document, messages, async (name) => {
      const before = channels.find((one) => one.name === name);
      const channel = channelFromDocument(document, environment, messages);
      channel.id = before?.id ?? "";
      // What a secret was cannot be seen, so that one which is given counts as new.
      const same =
        before !== undefined && channel.url === "" && channel.secret === "" && isSameChannel(before, channel);
      changes.push({ kind: "channel", name, what: same ? "same" : before === undefined ? "added" : "changed" });
      if (same || dryRun) ids.set(name, before?.id ?? name);
      else ids.set(name, (await api.saveAlarmChannel({ channel })).channel?.id ?? "");
    });
  }
  const nameOf = (id: string) => [...ids].find(([, own]) => own === id)?.[0] ?? id;
  for (const document of documents.rules ?? []) {
    await naming("rule", document, messages, async (name) => {
      const before = rules.find((one) => one.name === name);
      const rule = ruleFromDocument(document, (channel) => ids.get(channel), messages);
      rule.id = before?.id ?? "";
      const same = before !== undefined && isDeepStrictEqual(ruleDocument(before, nameOf), ruleDocument(rule, nameOf));
      changes.push({ kind: "rule", name, what: same ? "same" : before === undefined ? "added" : "changed" });
      if (!same && !dryRun) await api.saveAlarmRule({ rule });
    });
  }
  if (!removeOthers) return changes;
  // Rules first: a channel that a rule tells cannot go.
  const remove = async (
    kind: AppliedChange["kind"],
    all: readonly (AlarmRule | AlarmChannel)[],
    kept?: readonly Document[],
  ) => {
    if (kept === undefined) return;
    for (const { id, name } of all.filter((one) => kept.every((document) => document.name !== one.name))) {
      await naming(kind, { name }, messages, async () => {
        if (!dryRun) await (kind === "rule" ? api.deleteAlarmRule({ id }) : api.deleteAlarmChannel({ id }));
        changes.push({ kind, name, what: "removed" });
      });
    }
  };
  await remove("rule", rules, documents.rules);
  await remove("channel", channels, documents.channels);
  return changes;
}

/**
 * Read what a file says.
 *
 * @throws UserError saying what it is not
 */
export function readAlarmDocuments(text: string, messages: Messages): AlarmDocuments {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new UserError(messages.applyNotJson(String(cause instanceof Error ? cause.message : cause)), { cause });
  }
  const isObject = (value: unknown): value is Document =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject(parsed)) throw new UserError(messages.applyShape);
  for (const [key, list] of Object.entries(parsed)) {
    if (!["rules", "channels"].includes(key) || !Array.isArray(list) || !list.every(isObject)) {
      throw new UserError(messages.applyShape);
    }
    const names = list.map(({ name }) => name);
    const twice = names.find((name, at) => typeof name !== "string" || name === "" || names.indexOf(name) !== at);
    if (twice !== undefined || names.includes(undefined)) {
      throw new UserError(messages.applyBadName(JSON.stringify(twice) ?? "–"));
    }
  }
  return parsed as AlarmDocuments;
}

function isSameChannel(before: AlarmChannel, channel: AlarmChannel): boolean {
  return isDeepStrictEqual(channelDocument(before), channelDocument(channel));
}

async function naming(
  kind: AppliedChange["kind"],
  { name }: Document,
  messages: Messages,
  work: (name: string) => Promise<void>,
): Promise<void> {
  try {
    await work(String(name));
  } catch (cause) {
    const error = cause instanceof ConnectError ? userErrorFromConnect(cause, messages) : cause;
    if (!(error instanceof UserError)) throw error;
    throw new UserError(messages.applyFailed(kind, String(name), error.message), { hint: error.hint ?? "", cause });
  }
}
