import { LocalService } from "@msec/api/agent/v1/local_pb.js";
import { createClient } from "@msec/rpc";
import { createChannel } from "@msec/rpc-node";
import { serve, connect } from "./index.ts";
import { TestingAgent } from "./testing-agent.ts";
const q={stopOnSignal:false,onNotice(t:string){console.log(performance.now(),t)}} as const;
const agent = await new TestingAgent("/tmp/sdk-bench.sock").start();
const s = serve(LocalService,{register:()=>({hostName:"x"}),watchRoutes:()=>({}),report:()=>({}),getStatus:()=>({})},{...q,name:"Test.callee",agent:agent.path,listen:{address:"127.0.0.1",port:0}});
const place=await s.ready; agent.setRoutes("Test.callee",[place.port]);
const c = connect({...q,name:"Test.caller",agent:agent.path});
const routed=c.call(LocalService,"Test.callee"); const ch=createChannel(place); const direct=createClient(LocalService,ch.call);
try { await routed.register({}); } catch (e) { console.log(e, agent.registrations.length); process.exit(1) }
async function run(f:()=>Promise<unknown>,n:number,par:number){const t=performance.now(); await Promise.all(Array.from({length:par},async()=>{for(let i=0;i<n/par;i++) await f();})); return (performance.now()-t)*1000/n;}
for (const par of [1,64]) { const a:number[]=[],b:number[]=[]; for(let r=0;r<9;r++){ a.push(await run(()=>routed.register({}),4000,par)); b.push(await run(()=>direct.register({}),4000,par)); }
 const m=(x:number[])=>x.sort((p,q)=>p-q)[4]!; console.log("outstanding",par,"routed µs/call",m(a).toFixed(1),"direct (no client recording)",m(b).toFixed(1)); }
await c.close(); await ch.close(); await s.close(); await agent[Symbol.asyncDispose]();
