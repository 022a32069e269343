/** What a job takes: what is known from earlier runs, a guess where nothing is. */
export interface JobCost {
  /** How long it takes alone, seconds: the longest begin first, so that none is left over at the end. */
  readonly seconds: number;
  /** How many processor cores it keeps busy meanwhile: less than 1 where it waits more than it works. */
  readonly cores: number;
}

interface Job {
  readonly cost: JobCost;
  readonly begin: () => Promise<void>;
}

/**
 * Runs jobs beside each other as long as the cores that they keep busy are no more than there are, the longest of those that wait first. All steps of a run
 * share one, so that no core idles while the last job of a step ends.
 */
export class Pool {
  readonly #cores: number;
  readonly #waiting: Job[] = [];
  readonly #running = new Set<Job>();
  #isChoosing = false;

  /** @param cores  a job that keeps more of them busy than there are runs alone */
  constructor(cores: number) {
    this.#cores = cores;
  }

  /** Run a job when its turn has come. Jobs that are asked for at the same time are sorted before the first begins. */
  async run<T>(cost: JobCost, job: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const begin = () => job().then(resolve, reject);
    const index = this.#waiting.findIndex((other) => other.cost.seconds < cost.seconds);
    this.#waiting.splice(index < 0 ? this.#waiting.length : index, 0, { cost, begin });
    this.#choose();
    return await promise;
  }

  /** Run a job while no other one runs: when all that were asked for before have ended. */
  async runAlone<T>(job: () => Promise<T>): Promise<T> {
    return await this.run({ seconds: 0, cores: this.#cores }, job);
  }

  #choose(): void {
    if (this.#isChoosing) return;
    this.#isChoosing = true;
    setImmediate(() => {
      this.#isChoosing = false;
      for (const next of [...this.#waiting]) {
        if (this.#fits(next)) this.#begin(next);
      }
    });
  }

  #fits({ cost }: Job): boolean {
    const busy = Array.from(this.#running, (job) => job.cost.cores).reduce((sum, cores) => sum + cores, 0);
    // Sums of tenths are not exact.
    return this.#running.size === 0 || busy + cost.cores < this.#cores + 0.01;
  }

  #begin(job: Job): void {
    this.#waiting.splice(this.#waiting.indexOf(job), 1);
    this.#running.add(job);
    void job.begin().finally(() => {
      this.#running.delete(job);
      this.#choose();
    });
  }
}
