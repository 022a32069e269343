import { setTimeout as wait } from "node:timers/promises";
import { connect } from "@msec/service";
import { flight_service as FlightService } from "./gen/flight_pb.js";
import { listJourneys } from "./timetable.ts";

// Asks for flights a few times a second, so that there is something to see: mostly as people do who know their password
// and where they can fly, sometimes not.

const traffic = connect({ name: "Flight.traffic", stopOnSignal: true });
const flights = traffic.call(FlightService, "Flight.mod_flight");
const ratePerSecond = rateFrom(traffic.getConfig("Traffic", "rate") ?? "5");
const journeys = listJourneys();

while (!traffic.signal.aborted) {
  void query();
  // Between half and one and a half of the mean distance: people do not come in step.
  const distanceMs = (1_000 / ratePerSecond) * (0.5 + Math.random());
  await wait(distanceMs, undefined, { signal: traffic.signal }).catch(() => undefined); // aborted: the loop ends
}

async function query(): Promise<void> {
  const chance = Math.random();
  const password = chance < 0.1 ? "654321" : "123456";
  const known = journeys[Math.floor(Math.random() * journeys.length)]!;
  const journey = chance > 0.9 ? { departureCity: known.departureCity, destinationCity: "moon" } : known;
  try {
    const { errcode, flightsInfo } = await flights.queryFlight({ name: "bison", password, ...journey });
    traffic.count(errcode !== 0 ? "traffic.refused" : flightsInfo === "" ? "traffic.nothing" : "traffic.found");
  } catch (error) {
    traffic.log.error("query failed", { ...journey, error });
  }
}

function rateFrom(text: string): number {
  const rate = Number(text);
  if (rate > 0 && rate <= 1_000) return rate;
  console.error(
    `etc/config.ini: [Traffic] rate must be a number of queries a second in 0…1000, found ${JSON.stringify(text)}`,
  );
  process.exit(1);
}
