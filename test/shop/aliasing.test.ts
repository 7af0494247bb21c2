/**
 * Bugs put into the shop on purpose: services that change what they were given, and what they have already answered.
 * Called plainly or far, nobody else may see it; called as bare functions, everybody would.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type } from "arktype";
import { contract, query } from "skein/contract";
import { fake, testSystem } from "skein/testing";
import { Catalog } from "../../examples/shop/catalog/contract.ts";
import catalog from "../../examples/shop/catalog/index.ts";
import { Recommend } from "../../examples/shop/recommend/contract.ts";
import { Storefront } from "../../examples/shop/storefront/contract.ts";
import storefront from "../../examples/shop/storefront/index.ts";
import shop from "../../examples/shop/system.ts";

/**
 * The contracts of the faulty services again, in ArkType: it answers with the object it was given, where Zod makes a new
 * one and would hide a missing copy.
 */
const Stock = contract("stock", {
  levels: query({ input: type({ skus: "string[]" }), output: type({ "[string]": "number" }) }),
});
const Search = contract("search", {
  popular: query({
    input: type({}),
    output: type({ sku: "string", title: "string", price: "number", currency: "string", available: "number" }).array(),
  }),
});
const Notify = contract("notify", {
  unread: query({ input: type({ user: "string" }), output: type({ greeting: "string", messages: "unknown[]" }) }),
});
const Accounts = contract("accounts", {
  preferences: query({ input: type({ user: "string" }), output: type({ currency: "string", perPage: "number" }) }),
  profile: query({
    input: type({ user: "string" }),
    output: type({ user: "string", name: "string", currency: "string", newsletter: "boolean" }),
  }),
});

/** Empties the list it was given: whoever goes on using that list finds nothing. */
const greedyLevels = ({ skus }: { skus: string[] }) => {
  const levels = Object.fromEntries(skus.map((sku) => [sku, 7]));
  skus.length = 0;
  return levels;
};

/** Keeps what it answered and scribbles on it as soon as the answer has left, while its caller still waits for another one. */
function scribbler() {
  const kept: { title: string }[] = [];
  const { promise: scribbled, resolve } = Promise.withResolvers<void>();
  const scribble = () => {
    for (const card of kept) card.title = "scribbled";
    resolve();
  };
  return {
    scribbled,
    popular: () => {
      const card = { sku: "A", title: "Lamp", price: 1, currency: "EUR", available: 1 };
      kept.push(card);
      setImmediate(scribble);
      return [card];
    },
  };
}

for (const far of [false, true]) {
  const where = far ? "far" : "near";

  test(`${where}: a service that empties its input does not empty its caller's`, async () => {
    const broken = shop.with({ stock: fake(Stock, { levels: greedyLevels }) });
    await using t = await testSystem(broken, { far });
    const cards = await t.client(Catalog).cards({ skus: ["TEA-0301", "TEA-0303"] });
    assert.deepEqual(
      cards.map((card) => [card.sku, card.available]),
      [
        ["TEA-0301", 7],
        ["TEA-0303", 7],
      ],
    );
    // Nor a test's own object.
    const skus = ["TEA-0301"];
    await t.client(Stock).levels({ skus });
    assert.deepEqual(skus, ["TEA-0301"]);
  });

  test(`${where}: a service that changes what it has answered changes nobody's answer`, async () => {
    const { popular, scribbled } = scribbler();
    const unread = () => scribbled.then(() => ({ greeting: "", messages: [] }));
    const broken = shop.with({ search: fake(Search, { popular }), notify: fake(Notify, { unread }) });
    await using t = await testSystem(broken, { far });
    const home = await t.client(Storefront).home({});
    assert.deepEqual(
      home.popular.map((card) => card.title),
      ["Lamp"],
    );
  });

  test(`${where}: a caller that changes an answer does not change the cache it came from`, async () => {
    await using t = await testSystem(shop, { far });
    const { related } = await t.client(Recommend).related({ id: "TEA-0301" });
    const first = structuredClone(related);
    related.length = 0;
    const again = await t.client(Recommend).related({ id: "TEA-0301" });
    assert.deepEqual(again.related, first);
    assert.ok(
      t.spans.some((span) => span.method === "related" && span.cached),
      "the second answer came from the cache",
    );
  });

  test(`${where}: a service that writes into its input writes into nobody's object`, async () => {
    const nosy = fake(Accounts, {
      preferences: () => ({ currency: "EUR", perPage: 20 }),
      profile(input) {
        input.user = "mallory";
        return { ...input, name: "x", currency: "EUR", newsletter: false };
      },
    });
    await using t = await testSystem(shop.with({ accounts: nosy }), { far });
    const input = { user: "ann" };
    assert.equal((await t.client(Accounts).profile(input)).user, "mallory");
    assert.deepEqual(input, { user: "ann" });
    assert.equal((await t.client(Storefront).home(input)).cart.user, "ann");
  });
}

test("the same bugs are seen at once where handlers call each other as bare functions", async () => {
  const rows = [{ sku: "TEA-0301", title: "Pot", price: 1, currency: "EUR" }];
  const select = { select: () => select, where: () => select, execute: () => Promise.resolve(rows) };
  const bare = catalog.handlers as unknown as Record<string, (input: unknown, own: unknown) => Promise<unknown[]>>;
  const own = {
    db: { selectFrom: () => select },
    stock: { levels: (input: { skus: string[] }) => Promise.resolve(greedyLevels(input)) },
  };
  assert.deepEqual(await bare["cards"]?.({ skus: ["TEA-0301"] }, own), [], "the product is gone");

  const { popular, scribbled } = scribbler();
  const nothing = () => Promise.resolve([]);
  const others = {
    accounts: { preferences: () => Promise.resolve({ currency: "EUR" }), profile: nothing },
    cart: { view: nothing },
    catalog: { featured: nothing },
    notify: { unread: () => scribbled.then(() => ({})) },
    orders: { recent: nothing },
    payments: { methods: nothing },
    recommend: { forUser: nothing },
    search: { popular: () => Promise.resolve(popular()) },
  };
  const home = storefront.handlers as unknown as Record<
    string,
    (input: unknown, own: unknown) => Promise<{ popular: { title: string }[] }>
  >;
  assert.equal((await home["home"]?.({ user: "ann" }, others))?.popular[0]?.title, "scribbled");
});
