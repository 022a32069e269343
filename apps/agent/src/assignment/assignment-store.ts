import { fromJson, toJson } from "@bufbuild/protobuf";
import { type Assignment, AssignmentSchema } from "@msec/api/agent/v1/control_pb.js";
import { type Log, readChecked, writeChecked } from "@msec/process";
import { z } from "zod";
import { LateWrite } from "../late-write.ts";
import { assignmentFault } from "./assignment-fault.ts";

const fileSchema = z.object({ version: z.string().regex(/^\d{1,20}$/), assignments: z.array(z.json()) });

/** Most instances of one host. */
const ASSIGNMENTS_MAX = 1000;

/** Which instances this host runs, as the server last said: on disk before it is acted on, so that it outlives both; where the disk is full, as soon as it has room. */
export class AssignmentStore {
  readonly #file: string;
  readonly #log: Log;
  #version = 0n;
  #assignments: readonly Assignment[] = [];

  readonly #late: LateWrite;

  private constructor(file: string, log: Log) {
    const writeAll = () => this.#write(this.#version, this.#assignments);
    this.#late = new LateWrite({ what: "assignment of instances", file, log, writeAll });
    this.#file = file;
    this.#log = log;
  }

  /** Open with what is on disk. A damaged file is set aside and logged: nothing is known then until the server says it. */
  static async open(file: string, log: Log): Promise<AssignmentStore> {
    const store = new AssignmentStore(file, log);
    const found = await readChecked(file);
    if (found.status === "damaged") {
      log.error(`the assignment on disk cannot be used: ${found.reason}`, { file, movedTo: found.movedTo });
    } else if (found.status === "intact") {
      store.#load(found.value);
    }
    return store;
  }

  /** 0 where the server never said anything. */
  get version(): bigint {
    return this.#version;
  }

  /** For how many seconds the one on disk has been older, because it is full; 0 where it is not. */
  get lateS(): number {
    return this.#late.lateS;
  }

  get assignments(): readonly Assignment[] {
    return this.#assignments;
  }

  /**
   * Take over what the server says. Instances that cannot be run are left out and logged.
   *
   * @param isOrdered  an operator ordered that it replaces whatever is here
   * @returns whether it was newer than what is here, or ordered; older is refused
   * @throws what the file system says, but for a full disk; nothing has changed then
   */
  async apply(version: bigint, assignments: readonly Assignment[], isOrdered = false): Promise<boolean> {
    if (version <= this.#version && !isOrdered) return false;
    const usable = this.#usable(assignments);
    await this.#late.write(() => this.#write(version, usable));
    this.#version = version;
    this.#assignments = usable;
    return true;
  }

  /** The host enrols (anew): what its server says next counts, whatever its version. Until then everything runs on. */
  async demote(): Promise<void> {
    if (this.#version === 0n) return;
    await this.#write(0n, this.#assignments);
    this.#version = 0n;
  }

  async #write(version: bigint, assignments: readonly Assignment[]): Promise<void> {
    const json = assignments.map((assignment) => toJson(AssignmentSchema, assignment));
    await writeChecked(this.#file, { version: String(version), assignments: json });
  }

  #usable(assignments: readonly Assignment[]): Assignment[] {
    const usable = new Map<string, Assignment>();
    for (const assignment of assignments) {
      const full = usable.size >= ASSIGNMENTS_MAX ? `a host runs at most ${ASSIGNMENTS_MAX} instances` : undefined;
      const fault = assignmentFault(assignment) ?? full;
      if (fault === undefined) usable.set(assignment.instanceId, assignment);
      else this.#log.error("an assignment was refused", { service: assignment.service.slice(0, 80), fault });
    }
    return [...usable.values()];
  }

  #load(value: unknown): void {
    try {
      const { version, assignments } = fileSchema.parse(value);
      this.#assignments = assignments.map((json) => fromJson(AssignmentSchema, json));
      this.#version = BigInt(version);
    } catch (error) {
      this.#assignments = [];
      this.#log.error("the assignment on disk is not in a form that this agent knows", { file: this.#file, error });
    }
  }
}
