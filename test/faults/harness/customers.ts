/** Owns all who ask something of one shop, before and during a run, and what became of it. It must never judge. */
import { setTimeout as pause } from "node:timers/promises";
import { type Asked, CustomerClient, isFailure } from "./client.ts";
import { figuresOf } from "./figures.ts";
import { type Intended, type Occasional, type TrafficOptions, trafficOf } from "./traffic.ts";

type Part = TrafficOptions["phases"][number];

export interface CustomersOptions {
  readonly urls: () => readonly string[];
  readonly name: string;
  readonly seed: number;
  readonly occasional: Occasional | undefined;
  readonly resendsMax: number | undefined;
  /** What became of a request of the run, as soon as it is known. */
  readonly told: (asked: Asked) => void;
}

/**
 * Requests that are served before anything is measured, orders among them: what is compiled, connected and cached then is
 * not what is measured. Of two replicas each has some fifteen hundred of them, so that admission too takes it for warm.
 */
const warmRequests = 3_000;
/** Customers who ask for them, one after the other each. */
const warmCustomers = 16;
/** Of an offer, before its answers are counted. */
const leadMs = 500;
/** For all that is in doubt when the run is over. */
const resolveMs = 60_000;

export class Customers {
  readonly history: Asked[] = [];
  readonly #options: CustomersOptions;
  readonly #client: CustomerClient;
  /** Before the run: judged by the oracle, and in no figure. */
  readonly #earlier: Asked[] = [];
  readonly #orders = new Map<string, Intended>();
  #skus: readonly string[] = [];
  #isRunning = false;
  #hasEnough = false;

  constructor(options: CustomersOptions) {
    this.#options = options;
    const { urls, name, seed, resendsMax, told } = options;
    this.#client = new CustomerClient({
      urls,
      seed: `${name}:${seed}`,
      resendsMax,
      told: (asked) => {
        if (!this.#isRunning) return void this.#earlier.push(asked);
        this.history.push(asked);
        told(asked);
      },
    });
  }

  /** By requests served, and not by time. */
  async warmUp(): Promise<void> {
    const response = await fetch(`${this.#options.urls()[0]}/products?limit=20`);
    const { products } = (await response.json()) as { readonly products: readonly { readonly sku: string }[] };
    this.#skus = products.map(({ sku }) => sku);
    await this.#client.serve(this.#traffic("warm", [{ rate: 1_000, ms: warmRequests }]), warmCustomers);
  }

  /**
   * So many requests a second for so long: answers below 500 a second, counted when they come. Those to requests that
   * waited before the first was counted are its share of those that wait when the last was. Resolves when all are over.
   */
  async offer(rate: number, ms: number): Promise<number> {
    const startMs = performance.now();
    const from = this.#earlier.length;
    const traffic = this.#traffic(`offer${from}`, [{ rate, ms: leadMs + ms }]);
    await this.#client.run(traffic, startMs);
    const counted = { name: "counted", fromMs: leadMs, toMs: leadMs + ms };
    return figuresOf(this.#earlier.slice(from), counted).answeredPerSecond;
  }

  /** The run: from here on what becomes of requests is history. */
  async run(phases: readonly Part[], startMs: number): Promise<void> {
    this.#isRunning = true;
    await this.#client.run(this.#traffic(`${this.#options.seed}`, phases), startMs);
  }

  /** Ends the run: what is under way is the last of it. */
  enough(): void {
    this.#hasEnough = true;
  }

  *#traffic(seed: string, phases: readonly Part[]): Generator<Intended> {
    const { occasional } = this.#options;
    for (const intended of trafficOf({ seed, phases, skus: this.#skus, occasional })) {
      if (this.#hasEnough) return;
      if (intended.key !== undefined) this.#orders.set(intended.key, intended);
      yield intended;
    }
  }

  /**
   * Everything that was asked. An order without a definite answer is asked for again with its key until it has one: only
   * then can it be judged.
   */
  async settle(): Promise<readonly Asked[]> {
    const endMs = performance.now() + resolveMs;
    const all = [...this.#earlier, ...this.history];
    const settled: Asked[] = [];
    const settler = async (): Promise<void> => {
      for (let asked = all.pop(); asked !== undefined; asked = all.pop())
        settled.push(await this.#settle(asked, endMs));
    };
    await Promise.all(Array.from({ length: warmCustomers }, settler));
    return settled;
  }

  async #settle(asked: Asked, endMs: number): Promise<Asked> {
    const intended = this.#orders.get(asked.key ?? "");
    if (!isFailure(asked.status) || intended === undefined) return asked;
    for (;;) {
      const { tried, order } = await this.#client.try(intended);
      if (!isFailure(tried.status) || performance.now() > endMs)
        return { ...asked, status: tried.status, ...(order !== undefined && { order }) };
      await pause(100);
    }
  }

  /** For a crowd: without it connections are opened when they are needed. */
  connect(): Promise<void> {
    return this.#client.connect();
  }

  takeMostUnderWay(): { readonly most: number; readonly room: number } {
    return this.#client.takeMostUnderWay();
  }

  close(): void {
    this.#client.close();
  }
}
