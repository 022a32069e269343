import { socketPath } from "@msec/process";
import { openTelemetryStore } from "@msec/telemetry-store";
import { type CDPSession, chromium, type Page } from "playwright-core";
import { startSystem } from "../../e2e/system.ts";
import { CommandLine } from "../lib/command-line.ts";
import { formatSpread, spreadOf } from "../lib/spread.ts";
import { curvesBatch } from "./curves-batch.ts";

const line = new CommandLine(
  "npm run bench -- console",
  "Frames while the monitor page with hundreds of curves is scrolled, in Chromium. Goal: 60 a second.",
  {
    curves: { about: "curves of the page, 12…1000", default: "400" },
    rounds: { about: "how often, 1…100", default: "3" },
  },
);
const curves = line.integer("curves", 12, 1_000);
const rounds = line.integer("rounds", 1, 100);
const chunk = 100;
const speed = 1_500;

interface Scrolled {
  readonly framesPerSecond: number;
  /** Share of frames that came later than one and a half of a sixtieth of a second after the one before. */
  readonly late: number;
  /** Processor time of the page's main thread for each frame: what does not depend on what else the machine does. */
  readonly mainThreadMs: number;
}

/** Scrolls down through the whole page, as with a finger, and counts frames. */
async function scroll(page: Page, devtools: CDPSession): Promise<Scrolled> {
  const height = Number(await page.evaluate("document.documentElement.scrollHeight"));
  await page.evaluate("scrollTo(0, 0)");
  await page.waitForTimeout(1_000);
  const before = await threadMs(devtools);
  await page.evaluate(`
    globalThis.frames_ = [];
    (function frame(ms) { frames_.push(ms); globalThis.frame_ = requestAnimationFrame(frame); })(performance.now());
  `);
  const gesture = { x: 700, y: 500, yDistance: -(height - 900), speed, gestureSourceType: "touch" as const };
  await devtools.send("Input.synthesizeScrollGesture", gesture);
  const frames = (await page.evaluate("cancelAnimationFrame(frame_), frames_")) as number[];
  const used = (await threadMs(devtools)) - before;
  const gaps = frames.slice(1).map((ms, index) => ms - frames[index]!);
  const seconds = (frames.at(-1)! - frames[0]!) / 1_000;
  return {
    framesPerSecond: gaps.length / seconds,
    late: gaps.filter((ms) => ms > 25).length / gaps.length,
    mainThreadMs: used / gaps.length,
  };
}

async function threadMs(devtools: CDPSession): Promise<number> {
  const { metrics } = await devtools.send("Performance.getMetrics");
  return (metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0) * 1_000;
}

await using system = await startSystem();
const store = openTelemetryStore({ socket: socketPath(system.state, "telemetry") });
try {
  const identity = { host: "bench", service: "Bench.curves", instance: "127.0.0.1:1" };
  for (let from = 0; from < curves; from += chunk) {
    await store.ingest(identity, curvesBatch(from, Math.min(chunk, curves - from)), `bench/${from}`);
  }
} finally {
  await store.close();
}
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(system.signInUrl);
  await page.locator("h1").first().waitFor();
  await page.goto(`${system.consoleUrl}/monitor?service=Bench.curves&names=${encodeURIComponent("^usr.*$")}`);
  await page.locator(".metric-card canvas").first().waitFor({ timeout: 60_000 });
  const cards = await page.locator(".metric-card").count();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  const bare = await framesAtRest(page);
  const results: Scrolled[] = [];
  for (let round = 0; round < rounds; round++) results.push(await scroll(page, devtools));
  const column = (of: (result: Scrolled) => number) => formatSpread(spreadOf(results.map(of)));
  console.log(`${cards} curves of an hour, scrolled at ${speed} pixels a second, median (minimum–maximum):\n`);
  console.log(
    "| frames a second | frames later than 25 ms | main thread, ms of processor time a frame | frames a second at rest |",
  );
  console.log("| -: | -: | -: | -: |");
  console.log(
    `| ${column((r) => r.framesPerSecond)} | ${column((r) => r.late * 100)} % | ${column((r) => r.mainThreadMs)} | ${bare.toFixed(1)} |`,
  );
} finally {
  await browser.close();
}

/** What this machine draws when nothing moves: with other work on it, that may be less than sixty. */
async function framesAtRest(page: Page): Promise<number> {
  await page.waitForTimeout(2_000);
  const frames = (await page.evaluate(`new Promise((resolve) => {
    const frames = [];
    (function frame() {
      frames.push(performance.now());
      if (frames.length < 120) requestAnimationFrame(frame); else resolve(frames);
    })();
  })`)) as number[];
  return ((frames.length - 1) * 1_000) / (frames.at(-1)! - frames[0]!);
}
