import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { createInterface } from "node:readline";

/** One mail as it came. */
export interface Mailed {
  readonly from: string;
  readonly to: string[];
  readonly user: string;
  readonly password: string;
  /** Headers and body. */
  readonly data: string;
}

/** A small real SMTP server: takes AUTH PLAIN and whatever is sent to it, unless told otherwise. */
export interface TestMailServer extends AsyncDisposable {
  readonly port: number;
  readonly got: Mailed[];
  /** Answer to RCPT; default 250. */
  rcptAnswer: string;
  /** A recipient that it does not know; default none. */
  refusedRecipient: string;
}

/** Start one on the loopback interface. */
export async function startMailServer(): Promise<TestMailServer> {
  const got: Mailed[] = [];
  const server = createServer(async (socket) => {
    socket.on("error", () => {});
    const say = (line: string) => socket.write(`${line}\r\n`);
    let mail = { from: "", to: [] as string[], user: "", password: "", data: "" };
    let inData = false;
    say("220 test ESMTP");
    for await (const line of createInterface({ input: socket })) {
      if (inData) {
        if (line !== ".") {
          mail.data += `${line}\n`;
          continue;
        }
        inData = false;
        got.push(mail);
        mail = { ...mail, to: [], data: "" };
        say("250 2.0.0 queued as 42");
        continue;
      }
      const [, command = "", rest = ""] = /^(\w+) ?(.*)$/.exec(line) ?? [];
      switch (command.toUpperCase()) {
        case "EHLO":
          say("250-test");
          say("250-AUTH PLAIN");
          say("250 SMTPUTF8");
          break;
        case "AUTH": {
          const [, user = "", password = ""] = Buffer.from(rest.split(" ")[1] ?? "", "base64")
            .toString()
            .split("\0");
          mail.user = user;
          mail.password = password;
          say(password === "wrong" ? "535 5.7.8 no such user" : "235 2.7.0 welcome");
          break;
        }
        case "MAIL":
          mail.from = /<(.*?)>/.exec(rest)?.[1] ?? "";
          say("250 ok");
          break;
        case "RCPT":
          mail.to.push(/<(.*?)>/.exec(rest)?.[1] ?? "");
          say(mail.to.at(-1) === mailServer.refusedRecipient ? "550 5.1.1 no such mailbox" : mailServer.rcptAnswer);
          break;
        case "DATA":
          inData = true;
          say("354 go on");
          break;
        case "QUIT":
          say("221 bye");
          socket.end();
          break;
        default:
          say("250 ok");
      }
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const mailServer: TestMailServer = {
    port: (server.address() as AddressInfo).port,
    got,
    rcptAnswer: "250 ok",
    refusedRecipient: "",
    async [Symbol.asyncDispose]() {
      await new Promise((done) => server.close(done));
    },
  };
  return mailServer;
}
