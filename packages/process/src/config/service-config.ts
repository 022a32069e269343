import { z } from "zod";
import { booleanKey, choiceKey, durationKey, integerKey, parsedKey, peersKey, sizeKey, textKey } from "./ini-keys.ts";
import { type IniFile, readIni } from "./read-ini.ts";

/** One place where a service listens: `eth1:5000/udp` or `7963/tcp`. */
export interface ServiceListen {
  /** Interface, address, or empty for all of them. */
  readonly host: string;
  /** 1…65535. */
  readonly port: number;
  readonly protocol: "udp" | "tcp";
}

/** The pairs of `[COLOR]`: a request that has one of them among its log options is logged in full. */
export interface ColorRule {
  readonly field: string;
  readonly value: string;
}

/** Most pairs of a `[COLOR]` section, as in the original. */
const COLOR_PAIRS_MAX = 1000;

/**
 * What a service's `etc/config.ini` may contain: the original's keys with the original's meanings, units and defaults
 * (census D-06…D-09), and any section of the service's own.
 */
export const serviceConfigSchema = {
  sections: {
    SRPC: z.object({
      /** Where it listens. Under an agent the instance's own address and port come before it. */
      listen: parsedKey('places such as "7963/udp 7963/tcp" or "eth1:5000/tcp"', parseListen).default(() => [
        { host: "", port: 7963, protocol: "udp" as const },
        { host: "", port: 7963, protocol: "tcp" as const },
      ]),
      /** The program, relative to `bin/`. */
      module: textKey().default("./msec.so"),
      /** Longest wait of a request before its handler runs, in milliseconds; 0: no limit. */
      msg_timeout: durationKey({ minMs: 0, maxMs: 3_600_000 }).default(800),
      /** Longest wait for a connection to another service, TLS included, in milliseconds; a third of a call's time at most where it can go elsewhere. */
      connect_timeout: durationKey({ minMs: 10, maxMs: 600_000 }).default(1_000),
      /** The service's private key (PEM), relative to the file's directory; with `tls_cert`, the port speaks TLS only. */
      tls_key: textKey().optional(),
      /** Its certificate with the chain (PEM). */
      tls_cert: textKey().optional(),
      /** Certificates (PEM) that those of callers must lead to; without it callers need none. */
      tls_client_ca: textKey().optional(),
      /** Longest silence of a worker process before it is taken for hung; milliseconds here, bare numbers in the file are seconds. The original's default is 60. */
      heartbeat: durationKey({ minMs: 1_000, maxMs: 3_600_000, bareUnit: "s" }).default(10_000),
      /** Worker processes; `auto` is one for each core. */
      procnum: parsedKey("a whole number of 1…1024 processes, or auto", parseProcnum).default(1),
      /** Whether a process that has loaded the SDK waits for the place of a worker that ends; where `procnum` is more than one. */
      spare: booleanKey().default(true),
      /** Whether the port serves the page `/list`, by which methods are seen and called; `auto`: when it listens on loopback only. */
      list_page: choiceKey(["on", "off", "auto"]).default("auto"),
      /**
       * SRPC over UDP on the same port number: answered are addresses of this machine and of private networks, or any; `auto`: private ones,
       * where `listen` names a UDP place.
       */
      udp: choiceKey(["auto", "off", "private", "any"]).default("auto"),
      /** Addresses and networks behind which there are many callers, such as proxies: `connections.maxPerPeer` does not hold for them. */
      shared_peers: peersKey().default(() => []),
      /**
       * Longest wait for the next request or answer without giving the processor away, in milliseconds, where one comes soon after the other; 0: never.
       */
      busy_wait: durationKey({ minMs: 0, maxMs: 1 }).default(0.1),
      /** Kept for the original's plug-ins: whether they are loaded anew on SIGUSR2. */
      reload: textKey().optional(),
      /** The original's shared-memory queue, in bytes here, bare numbers in the file are MB. */
      shmsize: sizeKey({ minBytes: 1024 ** 2, maxBytes: 1024 ** 4, bareUnit: "M" }).default(16 * 1024 ** 2),
      /** A file of its own that the plug-in reads. */
      conf: textKey().optional(),
    }),
    /** What its callers may have, by the names of docs/reference/limits.md (`frames.maxBytes`); what is no such name is for the listener to refuse. */
    LIMITS: z.record(z.string(), z.string()).transform(parseLimits),
    LOG: z.object({
      /** The least level that is kept. */
      Level: choiceKey(["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]).default("ERROR"),
      /** Files that are kept. */
      FileMax: integerKey({ min: 1, max: 1000, unit: "files" }).default(10),
      /** Size of one, in bytes here, bare numbers in the file are MB. */
      FileSize: sizeKey({ minBytes: 64 * 1024, maxBytes: 16 * 1024 ** 3, bareUnit: "M" }).default(10 * 1024 ** 2),
    }),
    COLOR: z.record(z.string(), z.string()).transform(parseColor),
  },
  openSections: true,
} as const;

/** A service's `etc/config.ini`, parsed. */
export type ServiceConfig = IniFile<typeof serviceConfigSchema.sections>;

/**
 * Read a service's `etc/config.ini`.
 *
 * @throws UserError as `readIni` does
 */
export function readServiceConfig(file: string): ServiceConfig {
  return readIni(file, serviceConfigSchema);
}

function parseListen(text: string): ServiceListen[] | undefined {
  const places = text.split(/\s+/).filter((place) => place !== "");
  const listens: ServiceListen[] = [];
  for (const place of places) {
    const match = /^(?:\[?([A-Za-z0-9._:-]+?)\]?:)?(\d{1,5})(?:\/(udp|tcp))?$/i.exec(place);
    const port = Number(match?.[2]);
    if (match === null || port < 1 || port > 65_535) return undefined;
    const protocols = match[3] === undefined ? (["udp", "tcp"] as const) : [match[3].toLowerCase() as "udp" | "tcp"];
    for (const protocol of protocols) listens.push({ host: match[1] ?? "", port, protocol });
  }
  return listens.length === 0 ? undefined : listens;
}

/** Sizes and times may have units, as everywhere; a bare number is bytes or milliseconds. */
function parseLimits(section: Record<string, string>, context: z.RefinementCtx): Record<string, number> {
  const limits: Record<string, number> = Object.create(null);
  for (const [key, text] of Object.entries(section)) {
    const parsed = limitKey(key).safeParse(text);
    if (!parsed.success) {
      context.addIssue({ code: "custom", message: parsed.error.issues[0]!.message, path: [key] });
      return z.NEVER;
    }
    limits[key] = parsed.data;
  }
  return limits;
}

function limitKey(name: string): z.ZodType<number> {
  if (/byte/i.test(name)) return sizeKey({ minBytes: 0, maxBytes: 1024 ** 4 });
  return name.endsWith("Ms") ? durationKey({ minMs: 0, maxMs: 2_147_483_647 }) : integerKey({ min: 0, max: 1_000_000 });
}

function parseProcnum(text: string): number | "auto" | undefined {
  if (text.toLowerCase() === "auto") return "auto";
  const value = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  return value >= 1 && value <= 1024 ? value : undefined;
}

/** `FieldName0`/`FieldValue0`, `FieldName1`/`FieldValue1`, … without a gap. */
function parseColor(section: Record<string, string>, context: z.RefinementCtx): ColorRule[] {
  const refuse = (key: string, message: string) => {
    context.addIssue({ code: "custom", message, path: [key] });
    return z.NEVER;
  };
  const count = Object.keys(section).filter((key) => key.startsWith("FieldName")).length;
  if (count > COLOR_PAIRS_MAX) return refuse("FieldName0", `${count} pairs; at most ${COLOR_PAIRS_MAX} are taken`);
  const rules: ColorRule[] = [];
  for (const key of Object.keys(section)) {
    const match = /^Field(Name|Value)(\d{1,4})$/.exec(key);
    if (match === null) return refuse(key, "expected FieldName0, FieldValue0, FieldName1, FieldValue1, …");
    const index = match[2]!;
    const field = section[`FieldName${index}`];
    const value = section[`FieldValue${index}`];
    if (field === undefined) return refuse(key, `FieldName${index} is missing`);
    if (value === undefined) return refuse(key, `FieldValue${index} is missing`);
    if (Number(index) >= count) return refuse(key, "the pairs are numbered from 0 without gaps");
    if (match[1] === "Name") rules[Number(index)] = { field, value };
  }
  return rules;
}
