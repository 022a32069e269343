import { parallel } from "@msec/rpc";
import type { Calling, Program } from "./program.ts";

/** What a program outside of a request can do, whether it serves or only calls. */
export function callingOf(program: Program): Calling {
  return {
    log: program.log.of(undefined),
    call: (service, target, callOptions) => program.client(service, target, callOptions),
    callJson: (target, method, json, time) => program.callJson(target, method, json, time),
    callExternal: (target, request, codec, callOptions) => program.callExternal(target, request, codec, callOptions),
    getRoute: (target, time) => program.routes.get(target, time),
    updateRoute: (route, result) => program.routes.update(route, result),
    explain: (service) => program.calls.explain(service),
    count: (name, n) => program.recorder.count(name, n),
    gauge: (name, value) => program.recorder.gauge(name, value),
    parallel,
    getConfig: (section, key) => program.getConfig(section, key),
  };
}
