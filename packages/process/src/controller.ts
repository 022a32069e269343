// What the controller of a service's workers needs of this package: nothing that reads configurations or writes logs, whose libraries are most of what the whole loads.
export { compileCacheEnvironment } from "./compile-cache.ts";
export { prepareSocketPlace } from "./state/private-socket.ts";
export { BackOff } from "./supervise/back-off.ts";
export {
  RELOAD_REQUEST,
  type ReloadMessage,
  type ReloadResult,
  type ReplacedWorker,
} from "./supervise/reload-request.ts";
