export { Allowance } from "./allowance.ts";
export { compileCacheEnvironment } from "./compile-cache.ts";
export {
  booleanKey,
  choiceKey,
  durationKey,
  integerKey,
  listenKey,
  parseAddressPort,
  parsedKey,
  parsePlaces,
  peerLimitKeys,
  sizeKey,
  textKey,
} from "./config/ini-keys.ts";
export { nearestName } from "./config/nearest-name.ts";
export { INI_FILE_MAX_BYTES, type IniFile, type IniSchema, parseIni, readIni } from "./config/read-ini.ts";
export {
  type ColorRule,
  readServiceConfig,
  type ServiceConfig,
  type ServiceListen,
  serviceConfigSchema,
} from "./config/service-config.ts";
export { SYSTEM_SECTIONS } from "./config/system-sections.ts";
export { createLog, LOG_LEVELS, type Log, type LogFields, type LogLevel, type LogOptions } from "./log/create-log.ts";
export { withoutSecrets } from "./log/without-secrets.ts";
export { isOutOfSpace, systemErrorCode } from "./node-error.ts";
export { nodeProgram } from "./node-program.ts";
export { nodeEnvironment, nodeFlags } from "./node-runtime.ts";
export { osUserName } from "./os-user-name.ts";
export { type ProcessInfo, readProcess, startTicksOf, TICKS_PER_SECOND } from "./read-process.ts";
export { type CheckedFile, readChecked, writeChecked } from "./state/checked-file.ts";
export { type DirectoryLock, lockDirectory } from "./state/lock-directory.ts";
export { assertTrustedSocket, prepareSocketPlace } from "./state/private-socket.ts";
export { replaceFile, syncDirectory } from "./state/replace-file.ts";
export {
  isAlive,
  type RunRecord,
  type RunRecordInput,
  readRunRecord,
  readRunRecords,
  removeRunRecord,
  waitForRunRecord,
  waitGone,
  writeRunRecord,
} from "./state/run-record.ts";
export { socketPath } from "./state/socket-path.ts";
export { openState, type StateDirectory } from "./state/state-directory.ts";
export { type StopSignal, stopSignal } from "./stop-signal.ts";
export { BackOff, type BackOffOptions } from "./supervise/back-off.ts";
export type { OutputFileOptions } from "./supervise/output-file.ts";
export {
  RELOAD_REQUEST,
  type ReloadMessage,
  type ReloadResult,
  type ReplacedWorker,
  reloadSocketPath,
  requestReload,
} from "./supervise/reload-request.ts";
export {
  type Launch,
  type Supervised,
  type SupervisedRun,
  type SuperviseOptions,
  supervise,
} from "./supervise/supervise.ts";
export {
  nextSupervisedState,
  SUPERVISED_TRANSITIONS,
  type SupervisedEvent,
  type SupervisedState,
} from "./supervise/supervised-state.ts";
export { certificateFingerprint, createTlsIdentity, type TlsIdentity } from "./tls-identity.ts";
export { reportUserError, UserError, type UserErrorOptions } from "./user-error.ts";
