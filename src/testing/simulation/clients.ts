/** Owns the calls that a test makes: their place in the trace and what became of them. It must never change one. */
import { createClient, type InvokeOptions } from "../../call/index.ts";
import type { AnyContract, Client } from "../../contract/index.ts";
import { toMs } from "../../core/index.ts";
import { isSkeinError, skeinError } from "../../errors/index.ts";
import type { Host } from "../../host/index.ts";

export class Clients {
  /** Calls that failed, by code. */
  readonly failures: Record<string, number> = {};
  calls = 0;
  readonly #host: () => Host | undefined;
  readonly #note: (what: string) => void;

  /** `host` gives the one that the calls leave from. */
  constructor(host: () => Host | undefined, note: (what: string) => void) {
    this.#host = host;
    this.#note = note;
  }

  of<C extends AnyContract>(contract: C, principal: unknown): Client<C> {
    const client = createClient(contract, (method, input, options) => {
      const number = ++this.calls;
      this.#note(`call ${number} ${contract.name}.${method}`);
      return this.#watched(number, this.#call(contract.name, method, input, principal, options));
    });
    // Made of the contract's own methods; the types follow from C.
    return client as Client<C>;
  }

  #call(service: string, method: string, input: unknown, principal: unknown, options: InvokeOptions = {}): unknown {
    const host = this.#host();
    if (host === undefined) throw skeinError("SKEIN_SIMULATION_INVALID", "the cluster is closed");
    const { timeout, ...rest } = options;
    const limit = timeout === undefined ? {} : { timeoutMs: toMs(timeout) };
    return host.call(service, method, input, { ...rest, ...limit, principal });
  }

  #watched(number: number, answer: unknown): unknown {
    if (!(answer instanceof Promise)) return answer;
    return answer.then(
      (reply: unknown) => {
        this.#note(`call ${number} ok`);
        return reply;
      },
      (error: unknown) => {
        const code = isSkeinError(error) ? error.code : "?";
        this.failures[code] = (this.failures[code] ?? 0) + 1;
        this.#note(`call ${number} ${isSkeinError(error) ? `${code} ${error.outcome}` : code}`);
        throw error;
      },
    );
  }
}
