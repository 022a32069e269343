// What the agent starts: [SRPC] module in ../etc/config.ini.
import "../../../../flight.ts";
