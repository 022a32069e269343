import { existsSync } from "node:fs";
import { join } from "node:path";

const installed = existsSync(join(import.meta.dirname, "node_modules/@opentelemetry/sdk-trace-base/package.json"));

/** Why tests with OpenTelemetry's own SDK cannot run; `false` where they can. `npm ci` in this folder brings it. */
export const sdkMissing: string | false =
  !installed && "OpenTelemetry's SDK is not installed: run `npm ci` in conformance/open-telemetry";
