/**
 * What a handler keeps of its input and of its reply is nobody else's, over HTTP too, where neither is copied: the input is
 * fresh from the parser, the reply is text before anybody else runs.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { contract, createHost, query, type Schema, service, system } from "../index.ts";
import { createGateway, type Gateway } from "./index.ts";

/** A validator that hands on the very object it is given. */
const same: Schema<unknown, unknown> = {
  "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) },
};

const Keeper = contract("keeper", {
  echo: query({ input: same, output: same, http: "POST /echo" }),
  cached: query({ input: same, output: same, http: "POST /cached" }),
  odd: query({ input: same, output: same, http: "POST /odd" }),
});

interface Kept {
  count: number;
  list: number[];
}

const replies: Kept[] = [];
let cachedRuns = 0;

const odd: Readonly<Record<string, () => unknown>> = {
  function: () => ({ f: () => 1 }),
  nan: () => [Number.NaN],
  key: () => JSON.parse('{"constructor":1}') as unknown,
  map: () => new Map(),
  hole: () => Array<number>(2),
  cycle: () => {
    const one: Record<string, unknown> = {};
    one["self"] = one;
    return one;
  },
};

const keeper = service(Keeper, {
  policy: { echo: { access: "public" }, cached: { access: "public", cache: { ttl: "1m" } }, odd: { access: "public" } },
}).implement({
  async echo(given) {
    const reply = given as Kept;
    replies.push(reply);
    setImmediate(() => {
      reply.count = -1;
      reply.list.push(99);
    });
    return reply;
  },
  async cached(given) {
    cachedRuns++;
    const input = given as Kept;
    const reply = { count: input.count, list: [...input.list] };
    input.count = -1;
    input.list.length = 0;
    setImmediate(() => reply.list.push(99));
    return reply;
  },
  async odd(given) {
    return odd[(given as { what: string }).what]?.();
  },
});

let gateway: Gateway;
let close: () => Promise<void>;

before(async () => {
  const host = await createHost(system("isolation", { services: [keeper] }));
  gateway = await createGateway(host, { port: 0 });
  close = async () => {
    await gateway.close();
    await host.close();
  };
});
after(() => close());

const post = (path: string, body: unknown) =>
  fetch(`${gateway.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

test("what a handler does to its reply after returning it reaches nobody", async () => {
  const given = { count: 1, list: [1, 2] };
  for (let i = 0; i < 3; i++) assert.deepEqual(await (await post("/echo", given)).json(), given);
  assert.equal(new Set(replies).size, 3, "each request has an input of its own");
});

test("what a handler does to its input and its reply reaches no cache", async () => {
  const given = { count: 5, list: [7] };
  for (let i = 0; i < 3; i++) assert.deepEqual(await (await post("/cached", given)).json(), given);
  assert.equal(cachedRuns, 1, "the key was made before the handler changed what it was made of");
});

for (const what of Object.keys(odd)) {
  test(`a reply with a ${what} is refused as it is between services`, async () => {
    const response = await post("/odd", { what });
    assert.equal(response.status, 500);
    assert.equal(((await response.json()) as { code: string }).code, "SKEIN_OUTPUT_INVALID");
  });
}
