import type { DescService } from "@bufbuild/protobuf";
import { reportUserError, stopSignal, systemErrorCode, UserError } from "@msec/process";
import { MethodTable, type PriorityName, type ServiceImplementation } from "@msec/rpc";
import {
  type Listener,
  type ListenerLimits,
  type ListenerOptions,
  type ListenerTls,
  listen,
  type PartialLimits,
  type UdpOptions,
} from "@msec/rpc-node";
import { admissionOf } from "./admission.ts";
import { callingOf } from "./calling-of.ts";
import { dyedHandlers } from "./dyeing/dyed-handlers.ts";
import { guardHandlers } from "./guarded-handlers.ts";
import { type Launch, type LaunchOptions, readLaunch } from "./launch.ts";
import { hasListPage, isLoopback } from "./list-page.ts";
import { type ListenPlace, listenPlace } from "./listen-place.ts";
import { type Calling, Program } from "./program.ts";
import { RequestContext, type ServiceContext } from "./request-context.ts";
import { serviceLimits } from "./service-limits.ts";
import { listenerTls } from "./service-tls.ts";
import { isUdpTaken, type UdpChoice, udpChoice } from "./udp-place.ts";
import { becomeController } from "./workers/become-controller.ts";
import { currentWorker, followController } from "./workers/worker-link.ts";

// Calls that run when the stop comes get so long; the agent waits longer before it kills.
const GRACE_MS = 10_000;
// A worker that is replaced sends its callers to its successors; what they had sent by then arrives within a second, or never.
const LEAVE_MS = 1_000;
const NO_RELOAD =
  "SIGUSR2: one process cannot reload without an outage; set [SRPC] procnum to 2 or more in etc/config.ini and restart";

/** How to serve; everything is found out unless it is given. */
export type ServeOptions<S extends DescService = DescService> = LaunchOptions & {
  /** Address and port; default MSEC_ADDRESS and MSEC_PORT, else `[SRPC] listen`, else 127.0.0.1:7963. Port 0 takes a free one. */
  readonly listen?: ListenPlace;
  /** End the program gracefully at SIGTERM and SIGINT, and with status 1 when it cannot begin. Default true. */
  readonly stopOnSignal?: boolean;
  /**
   * Which methods are refused first when there is too much to do, by their TypeScript names; `critical` ones are refused last. Default: what
   * the IDL says (`option (msec.rpc.v1.priority)`), else `normal`.
   */
  readonly priorities?: { readonly [K in keyof S["method"]]?: PriorityName };
  /** Worker processes that share the port, 1…1024, or one for each core; default `[SRPC] procnum`, else 1. Without effect with `stopOnSignal: false`. */
  readonly workers?: number | "auto";
  /** Milliseconds that calls may wait before they run until some are refused, when the queue grows or stays; 0…60_000, 0 never. Default 100. */
  readonly queueTargetMs?: number;
  /**
   * SRPC over UDP on the same port number: whom it answers, or `false` for nobody. Default `[SRPC] udp`, which by itself answers private addresses.
   * Answers above 65,507 bytes become ResourceExhausted.
   */
  readonly udp?: UdpOptions | false;
  /** What callers may have, over `[LIMITS]` of the configuration; docs/reference/limits.md says what each is. */
  readonly limits?: PartialLimits<ListenerLimits>;
  /** Addresses and networks behind which there are many callers, such as proxies; default `[SRPC] shared_peers`. */
  readonly sharedPeers?: readonly string[];
  /** TLS of the port; default `[SRPC] tls_key`, `tls_cert` and `tls_client_ca`, else none. */
  readonly tls?: ListenerTls;
};

/**
 * One handler for each method of a service, by its TypeScript name: what `serve` takes, for handlers that stand in a file of their own.
 *
 * @example
 * export const handlers: Handlers<typeof Greeting> = { greet: ({ name }) => ({ text: `Hello, ${name}` }) };
 */
export type Handlers<S extends DescService> = ServiceImplementation<S, ServiceContext>;

/** A program that serves. */
export type Service = Calling &
  AsyncDisposable & {
    readonly name: string;
    /**
     * Resolves, with where it listens, when callers can reach it.
     *
     * @throws UserError  the port is taken, may not be used, or does not exist on this machine
     */
    readonly ready: Promise<ListenPlace>;
    /**
     * Refuses new calls, finishes the running ones, hands over the last telemetry.
     *
     * @param options.graceMs  at most so long for running calls; default 10_000
     */
    close(options?: { readonly graceMs?: number }): Promise<void>;
  };

/**
 * Serves a protobuf service: on the port that the agent or the configuration says, over SRPC (also by UDP), HTTP+JSON, Connect and gRPC, measured
 * and logged, until SIGTERM.
 *
 * Where `workers` or `[SRPC] procnum` is more than one, the program becomes a controller here (`serve` does not return) and starts itself again
 * for each worker process (where it does); see docs/decisions/0004-worker-processes.md. Not with `stopOnSignal: false`.
 *
 * Each handler gets the request and a context with which it calls others by name, logs and counts. A handler answers with an
 * object that has the response's fields, or throws an `RpcError`; anything else that it throws becomes Internal, with the reason in the log only.
 *
 * @example
 * serve(UserService, {
 *   checkPassword: (request, context) => ({ valid: isPasswordOf(request.name, request.password) }),
 * });
 */
export function serve<S extends DescService>(
  service: S,
  handlers: Handlers<S>,
  options: ServeOptions<S> = {},
): Service {
  const endsProgram = options.stopOnSignal ?? true;
  try {
    return start(service, handlers, options, endsProgram);
  } catch (error) {
    if (!endsProgram || !(error instanceof UserError)) throw error;
    process.exit(reportUserError(error, options.name ?? "service"));
  }
}

function start<S extends DescService>(
  service: S,
  handlers: Handlers<S>,
  options: ServeOptions<S>,
  endsProgram: boolean,
): Service {
  const launch = workerLaunch(readLaunch(options, process.env, process.cwd()), options);
  if (endsProgram) becomeController(launch, options.workers);
  const place = options.listen ?? launch.listen ?? listenPlace(launch.config.config.values.SRPC.listen);
  const program = new Program(launch);
  const methods = new MethodTable<ServiceContext>((call) => new RequestContext(call, program));
  methods.add(service, guardHandlers(service, dyedHandlers(service, handlers, program)));
  const tls = options.tls ?? listenerTls(launch.config);
  const fromConfig = udpChoice(launch.config.config.values.SRPC, tls !== undefined);
  const udp = options.udp === undefined ? fromConfig : { options: options.udp, isRequired: true };
  const listener = open(program, methods, place, udp, {
    limits: serviceLimits(launch.config, options.limits),
    sharedPeers: options.sharedPeers ?? launch.config.config.values.SRPC.shared_peers,
    tls,
    onNotice: (notice) => program.say(notice),
    overload: admissionOf(service, options, program),
    listPage: hasListPage(launch.config.config.values.SRPC.list_page, place.address),
    // For grpcurl and its like, while only this machine can ask; what anybody on the network may learn is for the owner to say.
    reflection: isLoopback(place.address),
    health: isLoopback(place.address),
  });
  const ready = listener.then((opened) => announce(program, launch, methods, opened));
  let closed: Promise<void> | undefined;
  const close = (graceMs: number, leaveMs = 0) => {
    closed ??= finish(program, listener, graceMs, leaveMs);
    return closed;
  };
  if (endsProgram) {
    const end = (leaveMs: number) => void close(GRACE_MS, leaveMs).finally(() => process.exit(0));
    const { signal } = stopSignal(() => process.exit(1));
    signal.addEventListener("abort", () => end(0));
    if (currentWorker() === undefined) process.on("SIGUSR2", () => program.say(NO_RELOAD));
    else followController({ ready, stop: (leaving) => end(leaving ? LEAVE_MS : 0) });
    ready.catch((error: unknown) => process.exit(reportUserError(error, launch.name)));
  } else {
    // Who did not ask for `ready` hears of the failure at the first call; an unhandled rejection would end the process.
    ready.catch(() => {});
  }
  return {
    name: launch.name,
    ready,
    ...callingOf(program),
    close: (closeOptions) => close(closeOptions?.graceMs ?? GRACE_MS),
    [Symbol.asyncDispose]: () => close(GRACE_MS),
  };
}

// The words of several processes go to one place: say whose they are.
function workerLaunch(launch: Launch, options: LaunchOptions): Launch {
  const worker = currentWorker();
  if (worker === undefined || options.onNotice !== undefined) return launch;
  return { ...launch, onNotice: (text) => launch.onNotice(`worker ${worker} (pid ${process.pid}): ${text}`) };
}

async function open(
  program: Program,
  methods: MethodTable<ServiceContext>,
  place: ListenPlace,
  udp: UdpChoice,
  options: Omit<ListenerOptions, "methods" | "observer" | "serviceName" | "udp">,
): Promise<Listener> {
  const all = { ...place, ...options, methods, observer: program.recorder, serviceName: program.name };
  try {
    return await listen({ ...all, udp: udp.options });
  } catch (error) {
    if (!isUdpTaken(error) || udp.isRequired) throw listenError(error, place);
    program.say(
      `port ${place.port} of ${place.address} is taken for UDP: serving without it ([SRPC] udp = off says so for good)`,
    );
    return await listen(all).catch((again: unknown) => {
      throw listenError(again, place);
    });
  }
}

function announce(
  program: Program,
  { instanceId }: Launch,
  methods: MethodTable<ServiceContext>,
  listener: Listener,
): ListenPlace {
  const { address, port } = listener;
  const listens = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  program.refusedConnections = () => listener.refused.full + listener.refused.perPeer;
  program.say(`serving ${methods.names().join(", ")} on ${listens}`);
  program.start({ service: program.name, listen: listens, instanceId, methods: methods.names() }, () => ({
    inFlight: listener.inFlight,
    callsBegun: BigInt(listener.callsBegun),
  }));
  return { address, port };
}

async function finish(program: Program, listener: Promise<Listener>, graceMs: number, leaveMs: number): Promise<void> {
  // It may never have opened; then there is nothing to close, and `ready` has told why.
  const opened = await listener.catch(() => undefined);
  await opened?.close({ graceMs, leaveMs });
  await program.close(Math.min(graceMs, 5_000));
}

function listenError(error: unknown, { address, port }: ListenPlace): unknown {
  if (isUdpTaken(error)) {
    return new UserError(`port ${port} of ${address} is taken for UDP by another program`, {
      hint: `stop that one (ss -lunp 'sport = :${port}' names it), or set [SRPC] udp = off in etc/config.ini`,
      cause: error,
    });
  }
  switch (systemErrorCode(error)) {
    case "EADDRINUSE":
      return new UserError(`port ${port} of ${address} is taken by another program`, {
        hint: `stop that one (ss -ltnp 'sport = :${port}' names it), or give this service another port`,
        cause: error,
      });
    case "EACCES":
      return new UserError(`this user may not listen on port ${port}`, {
        hint: "take a port of 1024 or more",
        cause: error,
      });
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new UserError(`${address} is not an address of this machine`, {
        hint: "correct [SRPC] listen in etc/config.ini, or the instance's address in the console",
        cause: error,
      });
    default:
      return error;
  }
}
