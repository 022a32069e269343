// What tests of services need: `@msec/service/testing`. Nothing here is for programs that run in earnest.
export { freePort } from "@msec/process/testing";
export { eventually, TestingAgent, temporaryDirectory } from "./testing-agent.ts";
