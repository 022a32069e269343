/** What is looked at of a span; times in microseconds, ids in hex digits. */
export interface ClockSpan {
  readonly spanId: string;
  readonly parentSpanId: string;
  /** 1 server, 2 client. */
  readonly side: 1 | 2;
  readonly service: string;
  readonly instance: string;
  readonly startUs: number;
  readonly durationUs: number;
}

/** What is looked at of a log line. */
export interface ClockLine {
  readonly timeUs: number;
  /** Empty where the line belongs to no span. */
  readonly spanId: string;
  readonly service: string;
  readonly instance: string;
  /** Set by `orderLines`: microseconds from the line's own clock to the request's. */
  shiftUs: number;
}

/**
 * Puts the lines of a request into the order in which things happened, as far as its spans tell it: hosts' clocks differ, and those of two processes of one host by up to
 * two milliseconds, which is longer than most calls.
 *
 * The clock of the request is that of the process in which it begins. A callee's span that does not lie within its caller's is moved into the middle of it, with
 * everything below it (as the console draws it), and so are its lines: what a callee says comes after what its caller said before the call, and before what that one says after
 * it. A line without a span, or of one that is not kept, goes by the other spans of its instance.
 *
 * @param lines  by their own times; `shiftUs` of each is set
 */
export function orderLines<Line extends ClockLine>(spans: readonly ClockSpan[], lines: readonly Line[]): Line[] {
  const shifts = shiftsOf(spans);
  const ofInstance = new Map<string, number>();
  for (const span of spans) {
    const key = instanceKey(span);
    if (!ofInstance.has(key)) ofInstance.set(key, shifts.get(spanKey(span)) ?? 0);
  }
  const ofSpan = new Map<string, number>();
  for (const span of spans) {
    // Lines belong to the span of the served call.
    if (span.side === 1 || !ofSpan.has(span.spanId)) ofSpan.set(span.spanId, shifts.get(spanKey(span)) ?? 0);
  }
  for (const line of lines)
    line.shiftUs = Math.round(ofSpan.get(line.spanId) ?? ofInstance.get(instanceKey(line)) ?? 0);
  return lines.toSorted((a, b) => a.timeUs + a.shiftUs - b.timeUs - b.shiftUs);
}

const instanceKey = ({ service, instance }: Pick<ClockSpan, "service" | "instance">) => `${service} ${instance}`;
const spanKey = ({ spanId, side, service, instance }: ClockSpan) => `${spanId} ${side} ${service} ${instance}`;

/** Microseconds to add to the times of each span. Without recursion: a request may be a chain of thousands. */
function shiftsOf(spans: readonly ClockSpan[]): Map<string, number> {
  const clients = new Map(spans.filter(({ side }) => side === 2).map((span) => [span.spanId, span]));
  const servers = new Map(spans.filter(({ side }) => side === 1).map((span) => [span.spanId, span]));
  // Whose clock a span is measured by: its caller's record, or for a call that is made the served one in which it is made.
  const causeOf = (span: ClockSpan) =>
    span.side === 2
      ? servers.get(span.parentSpanId)
      : (clients.get(span.parentSpanId) ?? clients.get(span.spanId) ?? servers.get(span.parentSpanId));
  const shifts = new Map<string, number>();
  for (const span of spans) {
    const chain: ClockSpan[] = [];
    const seen = new Set<string>();
    for (let at: ClockSpan | undefined = span; at !== undefined; at = causeOf(at)) {
      const key = spanKey(at);
      if (shifts.has(key) || seen.has(key)) break;
      seen.add(key);
      chain.push(at);
    }
    for (const at of chain.reverse()) {
      const cause = causeOf(at);
      shifts.set(spanKey(at), cause === undefined ? 0 : shiftWithin(at, cause, shifts.get(spanKey(cause)) ?? 0));
    }
  }
  return shifts;
}

function shiftWithin(span: ClockSpan, cause: ClockSpan, shiftUs: number): number {
  // Made by the process that serves the one above, or work of it: the same clock. What goes on after the answer lies outside by right.
  if (span.side === 2 || cause.side === 1) return shiftUs;
  const slackUs = Math.max(0, cause.durationUs - span.durationUs);
  const leadUs = span.startUs - cause.startUs;
  return leadUs < 0 || leadUs > slackUs ? shiftUs + cause.startUs + slackUs / 2 - span.startUs : shiftUs;
}
