/** What changed of streams, channels and bodies between two versions of a contract, and whom it breaks. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as z from "zod";
import { action, bytes, channel, contract, type Members, query, raw, stream } from "../index.ts";
import { compareContracts } from "./compare.ts";
import { type ContractsFile, isContractsFile, toContractsFile } from "./contracts-file.ts";

const file = async (members: Members): Promise<ContractsFile> => toContractsFile("shop", [contract("orders", members)]);

const said = (before: ContractsFile, after: ContractsFile): string[] =>
  compareContracts(before, after).map(({ level, where, message }) => `${level}: ${where}: ${message}`);

const chat = (receive: z.ZodRawShape, id?: string) => ({
  chat: channel({ receive: z.object(receive), send: z.object({ n: z.int() }), ...(id !== undefined && { id }) }),
});
const feed = (id?: string) => ({
  feed: query({ output: stream(z.object({ n: z.int(), seq: z.int() }), id === undefined ? {} : { id }) }),
});
const put = (body: ReturnType<typeof raw>) => ({ put: action({ body }) });

const cases: readonly (readonly [string, Members, Members, readonly string[]])[] = [
  [
    "a received item may have one more field",
    chat({ text: z.string() }),
    chat({ text: z.string(), to: z.string().optional() }),
    [],
  ],
  [
    "a received item is narrowed, loses a field, needs a new one",
    chat({ text: z.string().max(90), mood: z.string().optional() }),
    chat({ text: z.string().max(9), at: z.date() }),
    [
      "breaking: orders.chat received item $.at: is new and required",
      "breaking: orders.chat received item $.mood: was removed, and callers still send it",
      "breaking: orders.chat received item $.text: maxLength was 90, is 9",
    ],
  ],
  [
    "a received item is widened: a new caller may meet the old service",
    chat({ mood: z.enum(["good"]) }),
    chat({ mood: z.enum(["good", "bad"]) }),
    ['skew: orders.chat received item $.mood: may now be "bad"'],
  ],
  [
    "a stream becomes a channel",
    { chat: action({ output: stream(z.object({ n: z.int() })) }) },
    chat({ text: z.string() }),
    ["breaking: orders.chat: was a stream, is a channel"],
  ],
  [
    "a channel becomes a stream",
    chat({ text: z.string() }),
    { chat: action({ output: stream(z.object({ n: z.int() })) }) },
    ["breaking: orders.chat: was a channel, is a stream"],
  ],
  ["an id is removed: readers go on after it", feed("n"), feed(), ["breaking: orders.feed item id: was n, is none"]],
  ["an id is another field", feed("n"), feed("seq"), ["breaking: orders.feed item id: was n, is seq"]],
  [
    "an id is new",
    feed(),
    feed("n"),
    ["skew: orders.feed item id: is new: an old service does not go on after an item"],
  ],
  ["a channel's id is removed", chat({}, "n"), chat({}), ["breaking: orders.chat item id: was n, is none"]],
  [
    "a body may be less",
    put(raw({ max: "1KiB" })),
    put(raw({ max: 10 })),
    ["breaking: orders.put body: max was 1024, is 10"],
  ],
  [
    "a body may be more: the old service refuses it",
    put(raw({ max: 10 })),
    put(raw({ max: "1KiB" })),
    ["skew: orders.put body: max was 10, is 1024"],
  ],
  [
    "a body has fewer types",
    put(raw({ max: 10, types: ["image/*", "text/plain", "text/csv"] })),
    put(raw({ max: 10, types: ["image/png", "text/*"] })),
    ["breaking: orders.put body: no longer takes image/*", "skew: orders.put body: may now be text/*"],
  ],
  [
    "a body that took any type takes one",
    put(raw({ max: 10 })),
    put(raw({ max: 10, types: ["image/png"] })),
    ["breaking: orders.put body: took any type, takes image/png"],
  ],
  [
    "a body takes any type: the old service takes one",
    put(raw({ max: 10, types: ["image/png"] })),
    put(raw({ max: 10 })),
    ["skew: orders.put body: may now be any type"],
  ],
  [
    "a body is no longer there before the handler starts",
    put(raw({ max: 10 })),
    { put: action({ body: bytes({ max: 10 }) }) },
    ["breaking: orders.put: took raw body, takes bytes"],
  ],
];

describe("two versions of what is no single value", () => {
  for (const [what, before, after, expected] of cases)
    test(what, async () => assert.deepEqual(said(await file(before), await file(after)), expected));

  test("files of older versions say less, and what they do not say has not changed", async () => {
    for (const [, , members] of cases) {
      const now = await file(members);
      const old = older(now);
      assert.ok(isContractsFile(old));
      assert.deepEqual([said(old, now), said(now, old)], [[], []]);
    }
  });
});

/** As a version wrote it that knew neither of these. */
function older(file: ContractsFile): ContractsFile {
  const orders = file.contracts["orders"] ?? assert.fail();
  const methods = Object.entries(orders.methods).map(([name, method]) => [
    name,
    { ...method, stream: undefined, takes: undefined },
  ]);
  return {
    ...file,
    contracts: { orders: { ...orders, methods: Object.fromEntries(methods) as typeof orders.methods } },
  };
}
