import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { type AlarmRule, type AlarmService, AlarmSeverity } from "@msec/api/console/v1/alarms_pb.js";
import { Code, RpcError } from "@msec/rpc";
import { callerName, requestOriginKey } from "../session/caller.ts";
import type { AlarmPast } from "./alarm-past.ts";
import { alarmLimits, checkRule } from "./engine/rule.ts";
import { channelView, settingsFromRow } from "./notify/channel.ts";
import { findSecrets, secretsFromRow } from "./notify/channel-secrets.ts";
import { testMessage } from "./notify/message.ts";
import { type Outbox, outcomeOf } from "./notify/outbox.ts";
import type { SecretBox } from "./notify/secret-box.ts";
import { silenceView } from "./rows.ts";
import type { AlarmStore } from "./store.ts";

const idsMax = 200;
const textMax = 2_000;
const silenceMinutesMax = 43_200;
const defaultAlarms = 100;
const alarmsMax = 500;

/** What the methods of alarms work on. */
export interface AlarmHandlerParts {
  readonly alarms: AlarmStore;
  readonly past: AlarmPast;
  readonly outbox: Outbox;
  readonly secrets: SecretBox;
  /** Something changed that the evaluator should see soon. */
  readonly changed: () => void;
  readonly now: () => number;
}

/** `msec.console.v1.AlarmService`. */
export function createAlarmHandler(parts: AlarmHandlerParts): ServiceImpl<typeof AlarmService> {
  const { alarms, past, outbox, secrets, changed } = parts;
  return {
    async getAlarmStatus() {
      const { progress, overflows, ...numbers } = await alarms.readStatus();
      return {
        ...numbers,
        progress: progress.map((row) => ({
          source: row.source,
          judgedMs: row.judged_ms,
          failingSinceMs: row.failing_since_ms,
          failure: row.failure,
        })),
        overflows: overflows.map((row) => ({ ruleId: row.rule_id, more: row.more })),
      };
    },

    async listAlarms(request) {
      const limit = request.limit === 0 ? defaultAlarms : request.limit;
      if (limit > alarmsMax) refuse(`limit ${limit} must be 1…${alarmsMax}`);
      return await alarms.listAlarms({ ...request, limit });
    },

    async getAlarm({ id }) {
      const { row, view } = await getAlarm(alarms, id);
      const [notifications, comments, folded, curve, cause] = [
        await alarms.listNotifications(id),
        await alarms.listComments(id),
        await alarms.listFolded(id),
        await past.curveOf(row),
        row.cause_id === "" ? undefined : await alarms.findAlarm(row.cause_id),
      ];
      return {
        alarm: view,
        ...(curve.curve === undefined ? {} : { curve: curve.curve }),
        curveFailure: curve.failure,
        notifications: notifications.map((one) => ({
          id: one.id,
          channelId: one.channel_id,
          channelName: one.channel_name ?? "",
          event: one.event,
          delivery: one.delivery,
          createdMs: one.created_ms,
          doneMs: one.done_ms,
          attempts: one.attempts,
          outcome: one.outcome,
        })),
        comments: comments.map((one) => ({
          timeMs: one.time_ms,
          author: one.author,
          text: one.text,
          acknowledges: one.acknowledges === 1,
        })),
        folded,
        ...(cause === undefined ? {} : { cause: cause.view }),
      };
    },

    async acknowledgeAlarms({ ids, comment }, context) {
      const distinct = checkIds(ids);
      checkText("comment", comment, 0);
      return { alarms: await alarms.acknowledge(distinct, authorOf(context), comment.trim()) };
    },

    async commentAlarm({ id, text }, context) {
      checkText("text", text.trim(), 1);
      await alarms.comment(id, authorOf(context), text.trim());
      return {};
    },

    async listAlarmRules() {
      const rules = await alarms.listRules();
      return { rules: rules.sort((a, b) => (a.name < b.name ? -1 : 1)), max: alarmLimits.rules };
    },

    async saveAlarmRule({ rule }, context) {
      const checked = checkRule(getRule(rule));
      await past.assertPatterns(checked);
      const saved = await alarms.saveRule(checked, authorOf(context));
      changed();
      return { rule: saved };
    },

    async deleteAlarmRule({ id }) {
      await alarms.deleteRule(id);
      changed();
      return {};
    },

    async previewAlarmRule({ rule, hours }) {
      const wanted = hours === 0 ? 24 : hours;
      if (wanted > 24) refuse(`hours ${wanted} must be 1…24`);
      const checked = checkRule({ ...getRule(rule), id: "preview" });
      await past.assertPatterns(checked);
      return await past.preview(checked, wanted);
    },

    async listAlarmSilences() {
      return { silences: (await alarms.listSilences()).map(silenceView) };
    },

    async createAlarmSilence({ silence, minutes }, context) {
      if (silence === undefined) refuse("silence is missing");
      const { ruleId, service, instance, host, comment } = silence;
      checkMinutes(minutes);
      const matcher = { rule_id: ruleId, service, instance, host };
      if (Object.values(matcher).every((part) => part === "")) {
        refuse("the silence names no rule, service, instance or host: it would keep everything quiet");
      }
      for (const [name, part] of Object.entries(matcher)) {
        if (part.length > 256) refuse(`${name} has ${part.length} characters, expected at most 256`);
      }
      checkText("comment", comment, 0);
      const author = authorOf(context);
      const row = await alarms.createSilence({ ...matcher, comment: comment.trim(), author }, minutes);
      return { silence: silenceView(row) };
    },

    async silenceAlarms({ ids, minutes, comment }, context) {
      checkMinutes(minutes);
      checkText("comment", comment, 0);
      const rows = await alarms.silenceAlarms(checkIds(ids), comment.trim(), authorOf(context), minutes);
      return { silences: rows.map(silenceView) };
    },

    async endAlarmSilence({ id }) {
      await alarms.endSilence(id);
      changed();
      return {};
    },

    async listAlarmChannels() {
      const rows = await alarms.listChannels();
      const views = rows.map((row) => channelView(row, findSecrets(row, secrets)));
      return { channels: views.sort((a, b) => (a.name < b.name ? -1 : 1)) };
    },

    async saveAlarmChannel({ channel }) {
      if (channel === undefined) refuse("channel is missing");
      const row = await alarms.saveChannel(channel);
      return { channel: channelView(row, findSecrets(row, secrets)) };
    },

    async deleteAlarmChannel({ id }) {
      await alarms.deleteChannel(id);
      return {};
    },

    async testAlarmChannel({ id }) {
      const row = await alarms.getChannel(id);
      const settings = settingsFromRow(row);
      const message = testMessage(`test-${row.id}-${parts.now()}`, row.name, settings.language === "zh" ? "zh" : "en");
      let ok = true;
      let outcome: string;
      try {
        outcome = await outbox.sendNow(settings, secretsFromRow(row, secrets), message);
      } catch (error) {
        ok = false;
        outcome = outcomeOf(error);
      }
      await outbox.noteOutcome(id, ok, outcome);
      return { ok, outcome };
    },
  };
}

/** Who asks, as comments and rules name them. */
function authorOf(context: HandlerContext): string {
  return callerName(context.values.get(requestOriginKey).caller);
}

async function getAlarm(alarms: AlarmStore, id: string) {
  const found = await alarms.findAlarm(id);
  if (found === undefined) {
    throw new RpcError(
      Code.NotFound,
      `there is no alarm ${JSON.stringify(id.slice(0, 80))}; those that ended are kept for 90 days`,
    );
  }
  return found;
}

function getRule(rule: AlarmRule | undefined): AlarmRule {
  if (rule === undefined) refuse("rule is missing");
  // Unset times of the API's message stay as they are; levels and names are checked by the store.
  return Object.values(AlarmSeverity).includes(rule.severity) ? rule : { ...rule, severity: AlarmSeverity.UNSPECIFIED };
}

function checkIds(ids: readonly string[]): string[] {
  const distinct = [...new Set(ids)];
  if (distinct.length < 1 || distinct.length > idsMax) {
    refuse(`ids has ${distinct.length} entries, expected 1…${idsMax}`);
  }
  return distinct;
}

function checkMinutes(minutes: number): void {
  if (minutes < 1 || minutes > silenceMinutesMax) refuse(`minutes ${minutes} must be 1…${silenceMinutesMax} (30 days)`);
}

function checkText(field: string, text: string, min: number): void {
  if (text.length < min || text.length > textMax) {
    refuse(
      `${field} has ${text.length} characters, expected ${min === 0 ? "at most" : `${min}…`}${min === 0 ? " " : ""}${textMax}`,
    );
  }
}

function refuse(message: string): never {
  throw new RpcError(Code.InvalidArgument, message);
}
