export type { Algorithm, Ask, Chooser } from "./algorithm.ts";
export { algorithms } from "./algorithms/all.ts";
export { compare, criteria, meanOf, type Row, shortfalls } from "./compare.ts";
export type { Result } from "./measurement.ts";
export { rehearse } from "./rehearsal.ts";
export type { Fault, FaultPeriod, Scenario } from "./scenario.ts";
export { scenarios } from "./scenarios.ts";
export { simulate } from "./simulate.ts";
export { markdownTable, verdictTable } from "./table.ts";
