import { clientMain } from "../../lib/client-main.ts";

// Calls that go nowhere and are answered at once: what an open loop measures with these are the pauses of the machine and of its own event loop.
await clientMain(async () => ({ call: () => Promise.resolve(), close() {} }));
