import { Code, RpcError, type ServiceContext, serve } from "@msec/service";
import { Crawl, MainLogic } from "./gen/voa_pb.js";
import { redisCommand } from "./redis/client.ts";

serve(MainLogic, {
  async getTitles({ url, fromMirror }, context) {
    // Scenario 2: a standard service calls another one by its name.
    // Scenario 5: so it does with one of another system, whose addresses are registered here as those of an external service.
    const crawler = context.call(Crawl, fromMirror ? "Mirror.crawl" : "Voa.crawl");
    const [{ mp3s, crawledBy }, timesAsked] = await Promise.all([
      crawler.getMp3List({ url }),
      countAsked(url, context),
    ]);
    return { titles: mp3s.map(({ title }) => title), timesAsked, crawledBy };
  },
});

// Scenario 4: a standard service uses one that has a client library of its own. It asks where to go, goes there, and says how it went.
async function countAsked(url: string, context: ServiceContext): Promise<number> {
  const route = await context.getRoute("Voa.redis");
  const begunMs = performance.now();
  const method = "redis.INCR";
  try {
    const times = await redisCommand(route, ["INCR", `asked:${url}`], Math.min(1_000, context.remainingMs()));
    context.updateRoute(route, { ok: true, durationMs: performance.now() - begunMs, method });
    return Number(times);
  } catch (cause) {
    context.updateRoute(route, { ok: false, durationMs: performance.now() - begunMs, method });
    throw new RpcError(Code.Unavailable, `Voa.redis at ${route.address}:${route.port}: ${String(cause)}`, { cause });
  }
}
