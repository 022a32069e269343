import { connect } from "@msec/service";
import { MainLogic } from "./gen/voa_pb.js";

// Scenario 1: a program outside of the system (a script, an app's back end) calls a standard service at an address that it knows.
//
//   node outside.ts 127.0.0.1:7963 http://127.0.0.1:8000/

const [target = "127.0.0.1:7963", page = ""] = process.argv.slice(2);

// With the SDK, over SRPC; it needs no agent.
await using outside = connect({ name: "Outside.script", agent: false, onNotice: () => {} });
const { titles } = await outside.call(MainLogic, target).getTitles({ url: page });

// Without anything of ours: HTTP and JSON, on the same port.
const response = await fetch(`http://${target}/?methodName=voa.MainLogic.GetTitles`, {
  method: "POST",
  headers: { "content-type": "application/json", caller: "Outside.curl" },
  body: JSON.stringify({ url: page }),
});
const answer = (await response.json()) as { ret: number; errmsg: string; resultObj?: { titles: string[] } };

console.log(JSON.stringify({ srpc: titles, http: answer.resultObj?.titles ?? answer.errmsg }));
