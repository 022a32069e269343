import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Which two cities, by the short codes of the timetable: `sz`, `bj`, `sh`, `ld`, … */
export type Journey = { readonly departureCity: string; readonly destinationCity: string };

const flightsOf = readTimetable(join(import.meta.dirname, "timetable.csv"));

/** The flights between two cities, `{春秋航空;c8835;RMB1230}` each, one after the other; empty when there are none. */
export function findFlights({ departureCity, destinationCity }: Journey): string {
  return flightsOf.get(`${departureCity},${destinationCity}`)?.join("") ?? "";
}

/** All journeys that have a flight. */
export function listJourneys(): Journey[] {
  return [...flightsOf.keys()].map((key) => {
    const [departureCity = "", destinationCity = ""] = key.split(",");
    return { departureCity, destinationCity };
  });
}

function readTimetable(file: string): Map<string, string[]> {
  const flights = new Map<string, string[]>();
  const [, ...lines] = readFileSync(file, "utf8").trim().split("\n");
  for (const [index, line] of lines.entries()) {
    const [departure, destination, airline, flight, price, ...rest] = line.split(",");
    if (!departure || !destination || !airline || !flight || !price || rest.length > 0) {
      throw new Error(
        `${file}:${index + 2}: expected departure,destination,airline,flight,price, found ${JSON.stringify(line)}`,
      );
    }
    const key = `${departure},${destination}`;
    flights.set(key, [...(flights.get(key) ?? []), `{${airline};${flight};${price}}`]);
  }
  return flights;
}
