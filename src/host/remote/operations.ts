/**
 * Owns the methods of a system as the wire knows them: one codec for each input, output and item. They are put together
 * when first asked for and kept. It must never load a service's code: contracts are enough.
 */
import type { Method } from "../../contract/index.ts";
import { methodsOf, type System } from "../../system/index.ts";
import { type Operation, operationOf } from "../../transport/index.ts";

export class Operations {
  readonly #methods = new Map<string, Method>();
  /** By service, then by method: each call asks. */
  readonly #ready = new Map<string, Map<string, Operation>>();
  readonly #making = new Map<string, Promise<Operation>>();

  constructor(system: System) {
    for (const { declaration } of system.services) {
      for (const [name, method] of methodsOf(declaration.contract))
        this.#methods.set(`${declaration.name}.${name}`, method);
    }
  }

  /** What is ready; `undefined` too where no such method is. */
  get(service: string, method: string): Operation | undefined {
    return this.#ready.get(service)?.get(method);
  }

  /** Puts one together; safe to ask twice. Rejects for a method that no contract has, which is a bug. */
  make(service: string, method: string): Promise<Operation> {
    const id = `${service}.${method}`;
    let making = this.#making.get(id);
    if (making === undefined) this.#making.set(id, (making = this.#make(id, service, method)));
    return making;
  }

  /** Every method of these services, so that a call that comes finds its own. */
  async makeAll(services: readonly string[]): Promise<void> {
    const wanted = [...this.#methods.keys()].filter((id) => services.includes(id.slice(0, id.indexOf("."))));
    await Promise.all(wanted.map((id) => this.make(...(id.split(".", 2) as [string, string]))));
  }

  async #make(id: string, service: string, name: string): Promise<Operation> {
    const method = this.#methods.get(id);
    if (method === undefined) throw new TypeError(`${id} is no method of this system`);
    const operation = await operationOf(service, name, method);
    const ready = this.#ready.get(service) ?? new Map<string, Operation>();
    this.#ready.set(service, ready.set(name, operation));
    return operation;
  }
}
