export { isLoopback, listenOtlp, type OtlpDoors, type OtlpOptions, type Place } from "./listen-otlp.ts";
export type { KeepBatches, OtlpCounts } from "./otlp-desk.ts";
