/** What the flight example answers, and to what. */
export const flightMethod = "flight.flight_service.queryFlight";

/** A request of somebody whom the example knows, for a journey that has flights. */
export const goodRequest = { name: "bison", password: "123456", departureCity: "sz", destinationCity: "xz" };

/** The arguments of `msec call` for a request. */
export function callArguments(request: object): string[] {
  return ["call", "Flight.mod_flight", flightMethod, JSON.stringify(request)];
}

/** The response of the example as JSON. */
export interface FlightResponse {
  readonly errcode: number;
  readonly errmsg: string;
  readonly flightsInfo: string;
}

/** A row of `msec ps --json`. */
export interface ProcessRow {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly pid: number;
  readonly uptimeMs: number;
  readonly memoryBytes: number;
  readonly restarts: number | null;
  readonly listen: string;
  readonly release: string;
}

/** What tests use of `msec services --json`. */
export interface ServicesJson {
  readonly services: readonly {
    readonly name: string;
    readonly instances: readonly {
      readonly address: string;
      readonly port: number;
      readonly inRouting: boolean;
      readonly process: {
        readonly state: string;
        readonly pid: number;
        readonly restarts: number;
        readonly workers: readonly { readonly pid: number }[];
      };
    }[];
  }[];
}
