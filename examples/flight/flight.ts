import { serve } from "@msec/service";
import { flight_service as FlightService } from "./gen/flight_pb.js";
import { UserService } from "./gen/user_pb.js";
import { findFlights } from "./timetable.ts";

serve(FlightService, {
  async queryFlight(request, context) {
    const { valid } = await context.call(UserService, "Login.mod_user").checkPassword(request);
    if (!valid) return { errcode: -1, errmsg: "invalid user", flightsInfo: "" };
    context.log.info("query", { from: request.departureCity, to: request.destinationCity });
    context.count("flight.query");
    return { errcode: 0, errmsg: "success", flightsInfo: findFlights(request) };
  },
});
