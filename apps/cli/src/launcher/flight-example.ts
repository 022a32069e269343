import { join } from "node:path";
import { checkout } from "../checkout.ts";
import type { ExampleSettings } from "./settings.ts";

/** One service of the example: where its programs are, and on which ports its instances listen. */
export interface ExampleService {
  /** `Flight.mod_flight`. */
  readonly name: string;
  /** The directory that has its `bin` and `etc`, absolute. */
  readonly directory: string;
  /** One instance for each; 0 for a program that listens on nothing. */
  readonly ports: readonly number[];
  /** Keys of its `etc/config.ini` that differ from the example's own file: `[section] key` → value. */
  readonly overrides: readonly { readonly section: string; readonly key: string; readonly value: string }[];
}

/** The services of the flight example with the ports and the rate that `msec.ini` gives them. */
export function flightExample(settings: ExampleSettings): ExampleService[] {
  const { userPort, flightPorts, trafficPerSecond } = settings;
  const rate =
    trafficPerSecond === undefined ? [] : [{ section: "Traffic", key: "rate", value: String(trafficPerSecond) }];
  return [
    { name: "Login.mod_user", directory: directoryOf("Login/mod_user"), ports: [userPort], overrides: [] },
    { name: "Flight.mod_flight", directory: directoryOf("Flight/mod_flight"), ports: flightPorts, overrides: [] },
    ...(trafficPerSecond === 0
      ? []
      : [{ name: "Flight.traffic", directory: directoryOf("Flight/traffic"), ports: [0], overrides: rate }]),
  ];
}

function directoryOf(path: string): string {
  return join(checkout, "examples/flight/services", path);
}
