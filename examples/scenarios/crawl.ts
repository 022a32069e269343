import { type Service, serve } from "@msec/service";
import { Crawl } from "./gen/voa_pb.js";
import { jsoupCodec } from "./jsoup/protocol.ts";

// Scenario 3: a standard service calls one with a protocol of its own. By its name: the instances are registered in the console as an external service.
const service: Service = serve(Crawl, {
  async getMp3List({ url }, context) {
    const mp3s = await context.callExternal("Voa.jsoup", { url }, jsoupCodec, {
      method: "Jsoup.Crawl",
      timeoutMs: 2_500,
    });
    context.count("found", mp3s.length);
    return { mp3s, crawledBy: service.name };
  },
});
