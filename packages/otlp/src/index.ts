export { Intake } from "./intake.ts";
export type { ReportedBatch, Taken } from "./intake-output.ts";
export { otlpLimits } from "./otlp-limits.ts";
export { type OutgoingBatch, type OutgoingOwner, type OutgoingRequest, outgoingRequests } from "./outgoing.ts";
export { readPartialSuccess } from "./partial-success.ts";
export { type Reporter, serviceName } from "./reporter.ts";
