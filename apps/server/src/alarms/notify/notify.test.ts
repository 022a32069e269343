import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { after, before, beforeEach, describe, it } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  AlarmChannelKind,
  AlarmChannelSchema,
  AlarmEvent,
  AlarmSeverity,
  AlarmSubject,
} from "@msec/api/console/v1/alarms_pb.js";
import { RpcError } from "@msec/rpc";
import { type AlarmRow, ruleText } from "../rows.ts";
import { startHook, type TestHook } from "../testing/hook.ts";
import { startMailServer, type TestMailServer } from "../testing/mail-server.ts";
import { type RuleChanges, ruleOf } from "../testing/rules.ts";
import { createAddressGuard, parseNetworks } from "./address-guard.ts";
import { checkChannel } from "./channel.ts";
import { DeliveryFailed } from "./delivery-failed.ts";
import { type Message, messageOf, testMessage } from "./message.ts";
import { planMessages } from "./plan-messages.ts";
import { post } from "./post.ts";
import { createSecretBox } from "./secret-box.ts";
import { send } from "./senders.ts";
import { fillTemplate } from "./template.ts";

const { EMAIL, WEBHOOK, WECOM, DINGTALK, FEISHU, SLACK, SMS } = AlarmChannelKind;
const guard = createAddressGuard(parseNetworks("127.0.0.1")!);
const nowMs = 1_700_000_000_123;
const context = { guard, nowMs, timeoutMs: 30_000 };

function rowOf(changes: Partial<AlarmRow> = {}, rule: RuleChanges = {}): AlarmRow {
  return {
    id: "a1",
    rule_id: "r1",
    definition: ruleText(ruleOf({ name: "too many <!channel> errors", ...rule })),
    target: "",
    service: "Flight.mod_flight",
    instance: "10.0.0.1:7963",
    host: "",
    severity: 2,
    is_open: 1,
    first_ms: 1_700_000_000_000,
    last_ms: 1_700_000_060_000,
    count: 2,
    peak: 12.3456,
    peak_score: 1,
    last_value: 12.3456,
    last_baseline: null,
    good_minutes: 0,
    idle_minutes: 0,
    opened_ms: 1,
    resolved_ms: 0,
    resolution: 0,
    acknowledged_ms: 0,
    acknowledged_by: "",
    cause_id: "",
    notified_ms: 0,
    escalated_ms: 0,
    ...changes,
  };
}

const message = messageOf("m1", [{ row: rowOf(), event: AlarmEvent.OPENED }], "en", "https://console.example");
const channelOf = (changes: MessageInitShape<typeof AlarmChannelSchema>) =>
  create(AlarmChannelSchema, { name: "ops", enabled: true, kind: WEBHOOK, language: "en", ...changes });

describe("channels over HTTP", () => {
  let hook: TestHook;
  before(async () => {
    hook = await startHook();
  });
  beforeEach(() => {
    hook.got.length = 0;
    hook.answer = { status: 200, body: '{"errcode":0,"code":0}' };
  });
  after(() => hook?.[Symbol.asyncDispose]());
  const sendTo = (changes: MessageInitShape<typeof AlarmChannelSchema>, secret = "", what: Message = message) =>
    send(channelOf(changes), { url: hook.url, secret }, what, context);
  const fails = async (work: Promise<unknown>, text: RegExp, lasting: boolean) => {
    await assert.rejects(work, (error) => {
      assert.ok(error instanceof DeliveryFailed);
      assert.match(error.message, text);
      assert.doesNotMatch(error.message, /secret-path/);
      return error.lasting === lasting;
    });
  };

  it("signs what a webhook gets, and names the delivery", async () => {
    await sendTo({ kind: WEBHOOK }, "hunter2");
    const [{ headers, text, json } = assert.fail()] = hook.got;
    const [, seconds, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers["msec-signature"])) ?? [];
    assert.equal(signature, createHmac("sha256", "hunter2").update(`${seconds}.${text}`).digest("hex"));
    assert.equal(headers["msec-delivery"], "m1");
    assert.equal(json.title, "[Warning] Alarm: Flight.mod_flight @ 10.0.0.1:7963 error ratio > 5 % (12.346 %)");
    assert.deepEqual(
      [json.alarms[0].event, json.alarms[0].value, json.alarms[0].severity],
      ["opened", 12.3456, "warning"],
    );
    assert.match(json.text, /https:\/\/console\.example\/alarms\/a1/);
  });

  it("speaks the forms of WeCom, DingTalk, Feishu and Slack", async () => {
    await sendTo({ kind: WECOM });
    assert.equal(hook.got[0]?.json.msgtype, "text");
    assert.match(hook.got[0]?.json.text.content, /Flight\.mod_flight/);
    await sendTo({ kind: DINGTALK }, "SEC1");
    const query = new URL(`http://x${hook.got[1]?.url}`).searchParams;
    assert.equal(query.get("sign"), createHmac("sha256", "SEC1").update(`${nowMs}\nSEC1`).digest("base64"));
    await sendTo({ kind: FEISHU }, "SEC2");
    const feishu = hook.got[2]?.json;
    assert.equal(feishu.sign, createHmac("sha256", `${feishu.timestamp}\nSEC2`).update("").digest("base64"));
    assert.doesNotMatch(feishu.content.text, /</);
    for (const text of [hook.got[1]?.json.text.content, feishu.content.text]) assert.match(text, /^msec /, "a keyword");
    await sendTo({ kind: SLACK });
    assert.match(hook.got[3]?.json.text, /&lt;!channel&gt;/, "nobody is called by what a name contains");
  });

  it("takes a chat's refusal inside a 200 for what it is", async () => {
    hook.answer = { status: 200, body: '{"errcode":93000,"errmsg":"invalid webhook url"}' };
    await fails(sendTo({ kind: WECOM }), /refused with 93000: invalid webhook url/, true);
    hook.answer = { status: 200, body: '{"errcode":45009,"errmsg":"too often"}' };
    await fails(sendTo({ kind: WECOM }), /45009/, false);
    hook.answer = { status: 200, body: "<html>" };
    await fails(sendTo({ kind: FEISHU }), /is the address right/, true);
    hook.answer = { status: 200, body: "[]" };
    await fails(sendTo({ kind: FEISHU }), /refused with no code/, true);
  });

  it("tries again what a chat puts off, and not what it refuses, whatever the status of its answer", async () => {
    const codes: [AlarmChannelKind, string, number[], number[]][] = [
      [WECOM, "errcode", [-1, 45009, 45033], [93000, 93017, 40058]],
      [DINGTALK, "errcode", [-1, 130101, 410100, 90030], [310000, 300005, 400101, 400102]],
      [FEISHU, "code", [11232], [9499, 19001, 19021, 19022, 19024]],
    ];
    for (const [kind, name, later, never] of codes) {
      for (const status of [200, 400]) {
        for (const code of [...later, ...never]) {
          hook.answer = { status, body: JSON.stringify({ [name]: code, msg: "why", errmsg: "why" }) };
          await fails(sendTo({ kind }), new RegExp(`^refused with ${code}: why$`), never.includes(code));
        }
      }
    }
    hook.answer = { status: 429, body: '{"code":1,"msg":"slow down"}' };
    await fails(sendTo({ kind: FEISHU }), /refused with 1: slow down/, false);
    hook.answer = { status: 502, body: "<html>bad gateway</html>" };
    await fails(sendTo({ kind: FEISHU }), /HTTP 502/, false);
  });

  it("fills the template of an SMS without letting a value change its shape", async () => {
    const smsTemplate = '{"to":"{{phone}}","text":"{{severity}} {{target}}: {{title}}","n":1}';
    await sendTo({ kind: SMS, recipients: ["+8613800000000", "123"], smsTemplate }, "key");
    assert.deepEqual(
      hook.got.map(({ json }) => json.to),
      ["+8613800000000", "123"],
    );
    assert.equal(hook.got[0]?.headers.authorization, "Bearer key");
    assert.match(hook.got[0]?.json.text, /^Warning 10\.0\.0\.1:7963: \[Warning\]/);
    const values = {
      phone: '","evil":"',
      title: "{{text}}",
      text: "inner",
      severity: "",
      service: "",
      target: "",
      event: "",
    };
    assert.equal(fillTemplate('{"a":"{{phone}}{{title}}"}', values), '{"a":"\\",\\"evil\\":\\"{{text}}"}');
  });

  it("tells every number, whatever becomes of the others, and nobody twice when it is tried again", async () => {
    const channel = channelOf({
      kind: SMS,
      recipients: ["+8613800000001", "222", "333"],
      smsTemplate: '{"to":"{{phone}}"}',
    });
    const reached = new Set(["222"]);
    hook.answer = { status: 503, body: "busy" };
    const attempt = () => send(channel, { url: hook.url, secret: "" }, message, { ...context, reached });
    await fails(attempt(), /^sent to 1 of 3; …(0001|…333): HTTP 503/, false);
    assert.deepEqual(hook.got.map(({ json }) => json.to).sort(), ["+8613800000001", "333"]);
    hook.answer = { status: 200, body: "{}" };
    assert.equal(await attempt(), "sent to 3");
    hook.got.length = 0;
    assert.equal(await attempt(), "sent to 3");
    assert.equal(hook.got.length, 0);
  });

  it("shows nothing secret of what the other side repeats", async () => {
    const url = `${hook.url}?access_token=0123456789abcdef%2B`;
    const answers = [
      "Cannot POST /hook/secret-path?access_token=0123456789abcdef%2B",
      "no such token: 0123456789abcdef+",
      "bad key hunter2",
    ];
    for (const body of answers) {
      for (const answer of [
        { status: 404, body },
        { status: 200, body: JSON.stringify({ errcode: 310000, errmsg: body }) },
      ]) {
        hook.answer = answer;
        await assert.rejects(
          send(channelOf({ kind: DINGTALK }), { url, secret: "hunter2" }, message, context),
          (error) => {
            assert.ok(error instanceof DeliveryFailed);
            assert.match(error.message, /404|310000/);
            assert.doesNotMatch(error.message, /secret-path|0123456789|hunter2/);
            return true;
          },
        );
      }
    }
  });

  it("tells what may get better from what will not", async () => {
    for (const [status, lasting] of [
      [500, false],
      [503, false],
      [429, false],
      [408, false],
      [400, true],
      [404, true],
      [302, true],
    ] as const) {
      hook.answer = { status, body: "x", headers: { location: "http://169.254.169.254/" } };
      await fails(sendTo({ kind: WEBHOOK }), new RegExp(`HTTP ${status}`), lasting);
    }
    hook.answer = { status: 0, body: "" };
    await fails(post({ url: hook.url, body: "{}" }, guard, 60), /no answer within 0.06 s/, false);
    await fails(post({ url: "http://127.0.0.1:1/secret-path", body: "{}" }, guard, 30_000), /ECONNREFUSED/, false);
  });

  it("reaches into no private network that is not allowed, however it is written", async () => {
    const strict = createAddressGuard(parseNetworks("")!);
    const port = new URL(hook.url).port;
    for (const host of [
      "127.0.0.1",
      "localhost",
      "[::1]",
      "[::ffff:127.0.0.1]",
      "2130706433",
      "0x7f.1",
      "0.0.0.0",
      "[::]",
      "169.254.169.254",
      "10.0.0.1",
      "192.168.1.1",
      "172.31.0.1",
      "[fd00::1]",
      "[fe80::1]",
    ]) {
      await fails(
        post({ url: `http://${host}:${port}/secret-path`, body: "{}" }, strict, 30_000),
        /notify_allow/,
        true,
      );
    }
    assert.equal(hook.got.length, 0);
    assert.ok(strict.allows("8.8.8.8") && strict.allows("2606:4700::1111"));
    assert.ok(!strict.allows("not an address"));
  });

  it("tests a channel with words of its own", async () => {
    await sendTo({ kind: SLACK }, "", testMessage("t", "ops", "zh"));
    assert.match(hook.got[0]?.json.text, /告警渠道测试/);
  });
});

describe("e-mail", () => {
  let mail: TestMailServer;
  before(async () => {
    mail = await startMailServer();
  });
  after(() => mail?.[Symbol.asyncDispose]());
  const channel = () =>
    channelOf({
      kind: EMAIL,
      smtpHost: "127.0.0.1",
      smtpPort: mail.port,
      smtpSecurity: "none",
      smtpUser: "msec",
      smtpFrom: "msec@example.com",
      recipients: ["ada@example.com", "bob@example.com"],
      language: "zh",
    });

  it("goes by SMTP with authentication, in the channel's language", async () => {
    const chinese = messageOf(
      "m2",
      [{ row: rowOf({}, { note: "重启\r\nBcc: evil@example.com" }), event: AlarmEvent.RESOLVED }],
      "zh",
      "",
    );
    const outcome = await send(channel(), { url: "", secret: "right" }, chinese, context);
    assert.match(outcome, /queued as 42/);
    const [{ from, to, user, password, data } = assert.fail()] = mail.got;
    assert.deepEqual(
      [from, to, user, password],
      ["msec@example.com", ["ada@example.com", "bob@example.com"], "msec", "right"],
    );
    const [headers = "", ...body] = data.split("\n\n");
    assert.match(headers, /^Subject: =\?UTF-8\?/m);
    assert.match(headers, /^Message-ID: <m2@msec>/m);
    assert.doesNotMatch(headers, /evil/, "what a rule says becomes no header");
    const text = decodeURIComponent(
      body.join("\n\n").replaceAll("=\n", "").replaceAll("%", "%25").replaceAll("=", "%"),
    );
    assert.match(text, /告警恢复.*失败率.*重启/s);
  });

  it("gives up on a server that talks and talks", async () => {
    const talking = createServer((socket) => {
      socket.on("error", () => {}).write("220 test ESMTP\r\n");
      const timer = setInterval(() => socket.write("250-and\r\n"), 10);
      socket.on("close", () => clearInterval(timer));
      sockets.push(socket);
    });
    const sockets: Socket[] = [];
    await once(talking.listen(0, "127.0.0.1"), "listening");
    const { port } = talking.address() as AddressInfo;
    const sending = send({ ...channel(), smtpPort: port }, { url: "", secret: "right" }, message, {
      ...context,
      timeoutMs: 200,
    });
    // On a busy machine it may be silent for as long.
    await assert.rejects(sending, /no answer within 0\.6 s|ETIMEDOUT/);
    for (const socket of sockets) socket.destroy();
    talking.close();
  });

  it("says why it failed, and whether it will again", async () => {
    await assert.rejects(send(channel(), { url: "", secret: "wrong" }, message, context), (error) => {
      assert.ok(error instanceof DeliveryFailed && error.lasting);
      assert.match(error.message, /535.*no such user/);
      assert.doesNotMatch(error.message, /wrong/);
      return true;
    });
    mail.rcptAnswer = "451 4.7.1 try again later";
    await assert.rejects(send(channel(), { url: "", secret: "right" }, message, context), (error) => {
      return error instanceof DeliveryFailed && !error.lasting && /451/.test(error.message);
    });
    mail.rcptAnswer = "250 ok";
    mail.refusedRecipient = "bob@example.com";
    const outcome = await send(channel(), { url: "", secret: "right" }, message, context);
    assert.match(outcome, /queued as 42; not for bob@example\.com: .*550 5\.1\.1 no such mailbox/);
    const strict = { ...context, guard: createAddressGuard(parseNetworks("")!) };
    await assert.rejects(send(channel(), { url: "", secret: "" }, message, strict), /notify_allow/);
  });
});

describe("messages", () => {
  it("plans few messages: the most severe by themselves, the rest as one, repeats as they were", () => {
    const waiting = (id: string, severity: number, message_id = "", rule_id = id, event = AlarmEvent.OPENED) => ({
      row: { id, message_id, created_ms: 1, event } as never,
      alarm: rowOf({ severity, rule_id }),
    });
    let ids = 0;
    const plan = (list: ReturnType<typeof waiting>[], room: number) =>
      planMessages(list, room, () => `n${++ids}`).map(({ waiting }) => waiting.map(({ row }) => row.id).join("+"));
    const list = [waiting("a", 1), waiting("b", 3), waiting("c", 2), waiting("d", 1)];
    assert.deepEqual(plan(list, 4), ["b", "c", "a", "d"]);
    assert.deepEqual(plan(list, 2), ["b", "c+a+d"]);
    assert.deepEqual(plan(list, 1), ["b+c+a+d"]);
    assert.deepEqual(plan(list, 0), []);
    assert.deepEqual(plan([waiting("x", 1, "old"), waiting("y", 1, "old"), ...list], 2), ["x+y", "b+c+a+d"]);
    const one = (id: string, event = AlarmEvent.OPENED) => waiting(id, 1, "", "one", event);
    const burst = [one("e"), ...list, one("f"), one("g", AlarmEvent.RESOLVED)];
    assert.deepEqual(plan(burst, 9), ["b", "c", "e+f", "a", "d", "g"], "all targets of a rule are one message");
    assert.deepEqual(plan(burst, 3), ["b", "c", "e+f+a+d+g"]);
  });

  it("tells of many targets of a rule in one message, short enough to read", () => {
    const told = Array.from({ length: 23 }, (_, index) => ({
      row: rowOf({ id: `a${index}`, instance: `10.0.0.${index}:1`, first_ms: 1_700_000_000_000 + index * 60_000 }),
      event: AlarmEvent.OPENED,
    }));
    const { title, lines, alarms } = messageOf("m", told, "en", "https://console.example");
    assert.equal(title, "[Warning] Alarm: 23 targets, error ratio > 5 %");
    assert.deepEqual(lines.slice(0, 3), [
      "Rule: too many <!channel> errors (in one minute)",
      "Since: 2023-11-14 22:13 UTC",
      "· Flight.mod_flight @ 10.0.0.0:1 (12.346 %)",
    ]);
    assert.deepEqual(lines.slice(22), ["… and 3 more", "Details: https://console.example/alarms?rule=r1"]);
    assert.equal(alarms.length, 23, "programs get all");
    assert.equal(messageOf("m", told, "zh", "").title, "[警告] 告警：23 个对象, 失败率 > 5 %");
  });

  it("names hosts, metrics, log texts and silence in both languages", () => {
    const titleOf = (rule: RuleChanges, changes: Partial<AlarmRow>, language: "en" | "zh") =>
      messageOf("m", [{ row: rowOf(changes, rule), event: AlarmEvent.OPENED }], language, "").title;
    const host = { service: "", instance: "", host: "alpha", last_value: null };
    const liveness = { subject: AlarmSubject.LIVENESS, condition: 5, scope: 3, severity: AlarmSeverity.CRITICAL };
    assert.equal(titleOf(liveness, host, "en"), "[Critical] Alarm: alpha host does not report");
    assert.equal(titleOf(liveness, host, "zh"), "[严重] 告警：alpha 机器无上报");
    const log = { subject: AlarmSubject.LOG, logLevel: "error", logText: "disk", threshold: 0 };
    assert.match(titleOf(log, {}, "en"), /log lines error "disk" > 0 \(12\.346\)$/);
    const metric = { subject: AlarmSubject.METRIC, metric: "usr.orders", condition: 5 };
    assert.match(titleOf(metric, { last_value: null }, "zh"), /usr\.orders 无数据$/);
  });
});

describe("what a channel may say", () => {
  const url = "https://hooks.example.com/services/T0/key";
  const good = { name: "ops", kind: WEBHOOK, url };
  const mail = {
    name: "m",
    kind: EMAIL,
    smtpHost: "mail",
    smtpPort: 25,
    smtpSecurity: "none",
    smtpFrom: "a@b.c",
    recipients: ["x@y.z"],
  };
  const refused: [name: string, channel: MessageInitShape<typeof AlarmChannelSchema>, message: RegExp][] = [
    ["no name", { ...good, name: "" }, /name is 0 characters/],
    ["no kind", { ...good, kind: 0 }, /kind is 0/],
    ["no address", { ...good, url: "" }, /url is empty/],
    ["a file", { ...good, url: "file:///etc/passwd" }, /url is no such address/],
    ["a password in the address", { ...good, url: "https://u:p@x" }, /url is an address with a user/],
    ["101 messages", { ...good, maxPerTenMinutes: 101 }, /max_per_ten_minutes is 101/],
    ["a language", { ...good, language: "fr" }, /language is "fr"/],
    ["a recipient with another header", { ...mail, recipients: ["x@y.z\r\nBcc: e@f.g"] }, /recipients is/],
    ["no recipient", { ...mail, recipients: [] }, /recipients is empty/],
    ["no sender", { ...mail, smtpFrom: "nobody" }, /smtp_from is "nobody"/],
    [
      "a template that is no JSON",
      { ...good, kind: SMS, recipients: ["123"], smsTemplate: "{{phone}}" },
      /sms_template is no JSON/,
    ],
    [
      "a template with a name",
      { ...good, kind: SMS, recipients: ["123"], smsTemplate: '{"a":"{{password}}"}' },
      /unknown name \{\{password\}\}/,
    ],
  ];
  for (const [name, channel, message] of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => checkChannel(create(AlarmChannelSchema, channel), undefined),
        (error) => error instanceof RpcError && message.test(error.message),
      );
    });
  }

  it("keeps secrets apart from what is told, and keeps them when they are not said again", () => {
    const { channel, secrets } = checkChannel(create(AlarmChannelSchema, good), undefined);
    assert.deepEqual([channel.url, secrets.url], ["", url]);
    const again = checkChannel(create(AlarmChannelSchema, { ...good, url: "" }), { channel, secrets });
    assert.equal(again.secrets.url, url);
  });

  it("wants a secret again that would go to another place than it was given for", () => {
    const check = (before: object, after: object) => {
      const kept = checkChannel(create(AlarmChannelSchema, { ...before, secret: "hunter2" }), undefined);
      return checkChannel(create(AlarmChannelSchema, after), kept).secrets.secret;
    };
    const login = { ...mail, smtpUser: "msec" };
    const sms = { ...good, kind: SMS, recipients: ["123"], smsTemplate: "{}" };
    const again = /secret is empty: expected the secret once more/;
    assert.equal(check(login, { ...login, name: "renamed" }), "hunter2");
    assert.throws(() => check(login, { ...login, smtpHost: "evil.example" }), again);
    assert.throws(() => check({ ...login, smtpSecurity: "tls" }, login), again, "by a way that others can read");
    assert.equal(check(sms, { ...sms, url: `${url}/other` }), "hunter2");
    assert.throws(() => check(sms, { ...sms, url: "https://evil.example/x" }), again);
    assert.equal(
      check(good, { ...good, url: "https://other.example/x" }),
      "hunter2",
      "a signature tells nothing of its key",
    );
  });

  it("seals secrets so that neither another key nor a changed text opens them", () => {
    const box = createSecretBox(new Uint8Array(32).fill(1));
    const sealed = box.seal("hunter2");
    assert.notEqual(box.seal("hunter2"), sealed);
    assert.equal(box.open(sealed), "hunter2");
    assert.equal(createSecretBox(new Uint8Array(32).fill(2)).open(sealed), undefined);
    const damaged = Buffer.from(sealed, "base64");
    damaged[damaged.length - 1]! ^= 1;
    assert.equal(box.open(damaged.toString("base64")), undefined);
    assert.equal(box.open(""), undefined);
  });
});
