/** Owns `test()`: one service in this process, with fakes for what it uses. It must never start a service that was not given. */
import type { AnyContract, Client, MethodNames } from "../contract/index.ts";
import { skeinError } from "../errors/index.ts";
import { type Implementation, type Implemented, system, type Uses } from "../system/index.ts";
import { createFake } from "./fake.ts";
import { type Observed, testSystem, type TestOptions } from "./system-test.ts";

/**
 * By the names in `uses`: a fake, or the implementation of a service. A fake must answer every method that `uses` names;
 * a name left out is an error when it is called.
 * @since 0.1.0
 */
export type FakesFor<U extends Uses> = { readonly [N in keyof U]?: FakeFor<U[N]> };

type FakeFor<C extends AnyContract> = Implementation<C["name"]> & {
  readonly "~given"?: { readonly [K in MethodNames<C["members"]>]: true };
};

/** @since 0.1.0 */
export interface ServiceTestOptions<U extends Uses, Who> extends TestOptions<Who> {
  readonly fakes?: FakesFor<U>;
}

/** What `test` gives beside the service's own methods. @since 0.1.0 */
export interface ServiceTestTools<C extends AnyContract, Who> extends Observed {
  /** The service's methods, also those whose names are taken by the tools: `t.call.place(cart)`. */
  readonly call: Client<C>;
  /** The same methods as somebody else, or as nobody. */
  as(principal: Who | undefined): Client<C>;
}

/** A service under test: its methods, as `t.place(cart)`, and the tools. @since 0.1.0 */
export type ServiceTest<C extends AnyContract, Who> = ServiceTestTools<C, Who> &
  Omit<Client<C>, keyof ServiceTestTools<C, Who>>;

/**
 * Runs one service in this process: databases in memory, a virtual clock, mode `test`. Fails with
 * `SKEIN_SERVICE_INVALID` for a fake that stands for nothing in `uses`, else as `createHost` does.
 * @since 0.1.0
 */
export async function test<const Name extends string, T extends Implemented>(
  implementation: Implementation<Name, T>,
  options: ServiceTestOptions<T["uses"], T["principal"]> = {},
): Promise<ServiceTest<T["contract"], T["principal"]>> {
  const { declaration } = implementation;
  const { fakes, ...rest } = options;
  const others = fakesOf(
    declaration.name,
    declaration.uses,
    (fakes ?? {}) as Readonly<Record<string, Implementation | undefined>>,
  );
  const tested = await testSystem<T["principal"]>(
    system(declaration.name, { services: [implementation, ...others] }),
    rest,
  );
  // The declaration is that of the implementation's type.
  const contract = declaration.contract as T["contract"];
  const call = tested.client(contract);
  const { client: _client, ...observed } = Object.getOwnPropertyDescriptors(tested);
  // Descriptors, since some of what is observed is read anew each time.
  const tools: object = Object.defineProperties({}, observed as PropertyDescriptorMap);
  Object.assign(tools, { call, as: (principal: T["principal"] | undefined) => tested.as(principal).client(contract) });
  for (const [name, method] of Object.entries(call))
    if (!Object.hasOwn(tools, name)) Object.assign(tools, { [name]: method });
  return tools as ServiceTest<T["contract"], T["principal"]>;
}

/** One implementation for each contract in `uses`; without a fake, one that says how to give it. */
function fakesOf(
  service: string,
  uses: Uses,
  given: Readonly<Record<string, Implementation | undefined>>,
): Implementation[] {
  for (const [name, fake] of Object.entries(given)) {
    const used = Object.hasOwn(uses, name) ? uses[name] : undefined;
    if (used === undefined) throw invalid(`${service} uses nothing named "${name}"`);
    if (fake !== undefined && fake.declaration?.name !== used.name) {
      throw invalid(
        `the fake for "${name}" is of "${fake.declaration?.name}", but ${service} uses "${used.name}" there`,
      );
    }
  }
  const byContract = new Map<string, Implementation>();
  for (const [name, used] of Object.entries(uses)) {
    const fake = given[name];
    const other = byContract.get(used.name);
    if (fake !== undefined && other !== undefined && other !== fake) {
      throw invalid(`"${name}" and another name in uses are both "${used.name}": give both the same fake`);
    }
    if (fake !== undefined) byContract.set(used.name, fake);
  }
  for (const [name, used] of Object.entries(uses)) {
    if (byContract.has(used.name) || used.name === service) continue;
    const missing = (method: string) =>
      `test(${service}) has no fake for "${name}", whose "${method}" was called: give it one, fakes: { ${name}: fake(..., { ${method}: (input) => ... }) }`;
    byContract.set(used.name, createFake(used, {}, missing));
  }
  return [...byContract.values()];
}

function invalid(detail: string) {
  return skeinError("SKEIN_SERVICE_INVALID", `test: ${detail}`);
}
