/**
 * What the compiler says to a user who is wrong. Every case is a file of a project of its own, checked by the real
 * compiler; the text is asserted because an error that nobody understands is not one.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";

const root = resolve(import.meta.dirname, "../..");

const common = `
import * as z from "zod";
import { action, bytes, channel, command, contract, download, event, query, raw, role, safe, service, stream, subscribe, workflow } from "skein";
import { fake, test } from "skein/testing";
export const Files = contract("files", {
  put: action({ input: z.string(), body: bytes({ max: "2GiB" }), output: z.int() }),
  hook: command({ body: raw({ max: "64KiB" }) }),
  get: query({ input: z.string(), output: bytes() }),
});
export const Stock = contract("stock", {
  left: query({ input: z.object({ sku: z.string() }), output: z.int() }),
  reserve: command({ input: z.object({ sku: z.string() }), output: z.object({ ok: z.boolean() }) }),
  ship: action({ input: z.object({ sku: z.string() }) }),
  moved: event(z.object({ sku: z.string() })),
});
export const Orders = contract("orders", {
  get: query({ input: z.object({ id: z.string() }), output: z.object({ id: z.string(), total: z.int() }), errors: { GONE: { data: z.object({ since: z.string() }) } } }),
  place: action({ input: z.object({ id: z.string(), count: z.int().default(1) }) }),
  items: query({ output: stream(z.object({ n: z.int() })) }),
});
const get = async () => ({ id: "1", total: 1 });
const place = async () => {};
async function* items() { yield { n: 1 }; }
export const all = { get, place, items };
export { z, action, bytes, channel, download, raw, command, contract, event, query, role, safe, service, stream, subscribe, workflow, fake, test, get, place, items };
`;
const imports = `import { Files, bytes, download, raw, Stock, Orders, all, get, place, items, z, action, channel, command, contract, event, query, role, safe, service, stream, subscribe, workflow, fake, test } from "./common.ts";\n`;

interface Case {
  readonly source: string;
  /** What the compiler must say somewhere, or nothing where it must be content. */
  readonly says?: RegExp;
}

const cases: Record<string, Case> = {
  "everything right": {
    source: `
      const used = service(Orders, { uses: { stock: Stock }, policy: { get: { access: "guarded" }, place: { access: role("x") } }, on: { seen: subscribe(Stock, "moved") } }).implement({
        async get({ id }, { stock }, call) {
          if (id === "") throw call.error("GONE", { since: "today" });
          return { id, total: await stock.left({ sku: id }) };
        },
        async place({ count }, { stock }) { await stock.reserve({ sku: String(count.toFixed()) }, { key: "k", timeout: "1s" }); await stock.ship({ sku: "a" }); },
        async *items() { yield { n: 1 }; },
        seen: async ({ sku }) => { sku.toUpperCase(); },
      }, { guards: { get: ({ id }, { stock }, call) => id === call.principal?.subject && typeof stock.left === "function" } });
      const t = await test(used, { fakes: { stock: fake(Stock, { left: () => 1, reserve: () => ({ ok: true }), ship: () => {} }) }, as: { subject: "a", roles: [] } });
      const total: number = (await t.get({ id: "1" })).total;
      const found = await safe(t.get({ id: "1" }));
      if (!found.ok && found.declared) { const since: string = found.error.data.since; since.length; }
      for await (const { n } of t.items()) n.toFixed();
      total.toFixed();`,
  },
  "a channel, right": {
    source: `
      const Chat = contract("chat", { talk: channel({ input: z.object({ room: z.string() }), receive: z.object({ text: z.string(), n: z.int().default(1) }), send: z.object({ seq: z.int() }), id: "seq", errors: { GONE: {} } }) });
      const User = contract("user", { go: action() });
      const chat = service(Chat).implement({
        async *talk({ room }, _own, call) {
          if (room === "") throw call.error("GONE");
          for await (const { text, n } of call.received) yield { seq: text.length + n.toFixed().length };
        },
      });
      async function* says() { yield { text: "a" }; }
      service(User, { uses: { chat: Chat } }).implement({
        async go(_input, { chat }) { for await (const { seq } of chat.talk({ room: "a" }, { received: says(), resumeFrom: "1" })) seq.toFixed(); },
      });
      export { chat };`,
  },
  "a channel that sends the wrong item": {
    source: `service(contract("chat", { talk: channel({ receive: z.string(), send: z.object({ seq: z.int() }) }) })).implement({ async *talk() { yield { seq: "1" }; } });`,
    says: /Type 'string' is not assignable to type 'number'/,
  },
  "a channel called without what it receives": {
    source: `
      const Chat = contract("chat", { talk: channel({ receive: z.string(), send: z.string() }) });
      service(contract("user", { go: action() }), { uses: { chat: Chat } }).implement({ async go(_input, { chat }) { for await (const text of chat.talk(undefined, {})) text; } });`,
    says: /Property 'received' is missing in type/,
  },
  "call.received where nothing is received": {
    source: `service(Orders).implement({ ...all, place: async (_input, _own, call) => { call.received; } });`,
    says: /Property 'received' does not exist on type/,
  },
  "wrong input": {
    source: `service(Orders, { uses: { stock: Stock } }).implement({ ...all, get: async ({ id }, { stock }) => ({ id, total: await stock.left({ sku: 7 }) }) });`,
    says: /Type 'number' is not assignable to type 'string'/,
  },
  "missing input": {
    source: `service(Orders, { uses: { stock: Stock } }).implement({ ...all, get: async ({ id }, { stock }) => ({ id, total: await stock.left({}) }) });`,
    says: /Property 'sku' is missing in type '\{\}' but required in type '\{ sku: string; \}'/,
  },
  "wrong output": {
    source: `service(Orders).implement({ ...all, get: async ({ id }) => ({ id, total: "1" }) });`,
    says: /Types of property 'total' are incompatible\.\s+Type 'string' is not assignable to type 'number'/,
  },
  "wrong item of a stream": {
    source: `service(Orders).implement({ ...all, async *items() { yield { n: "1" }; } });`,
    says: /Types of property 'n' are incompatible\.\s+Type 'string' is not assignable to type 'number'/,
  },
  "no output": {
    source: `service(Orders).implement({ ...all, get: async () => {} });`,
    says: /Type 'void' is not assignable to type '\{ id: string; total: number; \}'/,
  },
  "undeclared error": {
    source: `service(Orders).implement({ ...all, get: async ({ id }, _own, call) => { throw call.error("MISSING"); } });`,
    says: /Argument of type '"MISSING"' is not assignable to parameter of type '"GONE"'/,
  },
  "any error of a method that declares none": {
    source: `service(Orders).implement({ ...all, place: async (_input, _own, call) => { throw call.error("GONE"); } });`,
    says: /Argument of type '"GONE"' is not assignable to parameter of type 'never'/,
  },
  "wrong data of an error": {
    source: `service(Orders).implement({ ...all, get: async ({ id }, _own, call) => { throw call.error("GONE", { since: 1999 }); } });`,
    says: /Type 'number' is not assignable to type 'string'/,
  },
  "contract not in uses": {
    source: `service(Orders).implement({ ...all, place: async ({ id }, { stock }) => { await stock.ship({ sku: id }); } });`,
    says: /Property 'stock' does not exist on type 'Own<\{\}, \{\}, "action">'/,
  },
  "method not picked": {
    source: `service(Orders, { uses: { stock: Stock.pick("left") } }).implement({ ...all, place: async ({ id }, { stock }) => { await stock.ship({ sku: id }); } });`,
    says: /Property 'ship' does not exist on type/,
  },
  "query that calls a command": {
    source: `service(Orders, { uses: { stock: Stock } }).implement({ ...all, get: async ({ id }, { stock }) => { await stock.reserve({ sku: id }); return { id, total: 1 }; } });`,
    says: /MayNotCall<"a query may call only queries, and 'reserve' is a command">/,
  },
  "query that calls an action": {
    source: `service(Orders, { uses: { stock: Stock } }).implement({ ...all, get: async ({ id }, { stock }) => { await stock.ship({ sku: id }); return { id, total: 1 }; } });`,
    says: /MayNotCall<"a query may call only queries, and 'ship' is an action">/,
  },
  "guard that calls a command": {
    source: `service(Orders, { uses: { stock: Stock }, policy: { place: { access: "guarded" } } }).implement(all, { guards: { place: async ({ id }, { stock }) => (await stock.reserve({ sku: id })).ok } });`,
    says: /MayNotCall<"a query may call only queries, and 'reserve' is a command">/,
  },
  "missing guard": {
    source: `service(Orders, { policy: { get: { access: "guarded" } } }).implement(all);`,
    says: /Expected 2 arguments, but got 1/,
  },
  "guard of another method": {
    source: `service(Orders, { policy: { get: { access: "guarded" } } }).implement(all, { guards: { get: () => true, place: () => true } });`,
    says: /'place' does not exist in type/,
  },
  "missing handler": {
    source: `service(Orders).implement({ get, items });`,
    says: /Property 'place' is missing in type/,
  },
  "handler of no method": {
    source: `service(Orders).implement({ get, place, items, plase: async () => {} });`,
    says: /'plase' does not exist in type/,
  },
  "policy of no method": {
    source: `service(Orders, { policy: { gett: { access: "public" } } });`,
    says: /'gett' does not exist in type/,
  },
  "access that is none": {
    source: `service(Orders, { policy: { get: { access: "everybody" } } });`,
    says: /'"everybody"' is not assignable to type 'Access/,
  },
  "unknown event": {
    source: `subscribe(Stock, "move");`,
    says: /'"move"' is not assignable to parameter of type '"moved"'/,
  },
  "pick of an event": {
    source: `Stock.pick("moved");`,
    says: /Argument of type '"moved"' is not assignable to parameter of type 'MethodNames</,
  },
  "command that streams": {
    source: `command({ output: stream(z.string()) });`,
    says: /in type 'StreamOutput<ZodString>' but required in type 'StandardSchemaV1/,
  },
  "duration without a unit": {
    source: `service(Orders, { policy: { get: { timeout: "10" } } });`,
    says: /Type '"10"' is not assignable to type 'Duration \| undefined'/,
  },
  "fake for no use": {
    source: `const s = service(Orders, { uses: { stock: Stock } }).implement(all); await test(s, { fakes: { stok: fake(Stock, { left: () => 1, reserve: () => ({ ok: true }), ship: () => {} }) } });`,
    says: /'stok' does not exist in type 'FakesFor<|'stok'\. Did you mean to write 'stock'|but 'stok' does not exist/,
  },
  "fake of another contract": {
    source: `const s = service(Orders, { uses: { stock: Stock } }).implement(all); await test(s, { fakes: { stock: fake(Orders, all) } });`,
    says: /Type '"orders"' is not assignable to type '"stock"'/,
  },
  "fake without a used method": {
    source: `const s = service(Orders, { uses: { stock: Stock.pick("left", "ship") } }).implement(all); await test(s, { fakes: { stock: fake(Stock, { left: () => 1 }) } });`,
    says: /Property 'ship' is missing in type/,
  },
  "fake with a wrong reply": {
    source: `fake(Stock, { left: () => "many" });`,
    says: /Type 'string' is not assignable to type 'number \| Promise<number>'/,
  },
  "fake with a wrong method": {
    source: `fake(Stock, { lefft: () => 1 });`,
    says: /'lefft'/,
  },
  "bodies and downloads": {
    source: `
      const files = service(Files).implement({
        async put(name, _own, call) {
          let size = 0;
          for await (const piece of call.body) size += piece.length;
          const type: string | undefined = call.body.type;
          return type === name ? size : (call.body.length ?? 0);
        },
        hook: async (_input, _own, call) => { (await call.body.text()).toUpperCase(); },
        get: (name) => name === "" ? new Uint8Array() : download({ size: 1, read: ({ start, end }) => new Uint8Array([start, end ?? 0]) }),
      });
      const t = await test(files);
      const size: number = await t.put("a", { body: new Uint8Array(), type: "image/png", timeout: "1s" });
      await t.hook(undefined, { body: new Uint8Array(), key: "k" });
      const got = t.get("a", { range: { suffix: size } });
      const type: string = (await got.head).type;
      for await (const piece of got) piece.byteLength.toFixed();
      type.length;`,
  },
  "call without its body": {
    source: `const t = await test(service(Files).implement({} as never)); await t.put("a");`,
    says: /Expected 2 arguments, but got 1/,
  },
  "call with options and without its body": {
    source: `const t = await test(service(Files).implement({} as never)); await t.put("a", { key: "k" });`,
    says: /Property 'body' is missing in type/,
  },
  "body of a method that takes none": {
    source: `service(Orders).implement({ ...all, place: async (_input, _own, call) => { call.body; } });`,
    says: /Property 'body' does not exist on type/,
  },
  "body sent to a method that takes none": {
    source: `const t = await test(service(Orders).implement(all)); await t.get({ id: "" }, { body: new Uint8Array() });`,
    says: /'body' does not exist in type 'CallOptions'/,
  },
  "streaming body of a command": {
    source: `command({ body: bytes({ max: "1KiB" }) });`,
    says: /Type 'BytesBody' is not assignable to type 'RawBody'/,
  },
  "body of a query": {
    source: `query({ body: raw({ max: "1KiB" }) });`,
    says: /'body' does not exist in type 'MethodSpec/,
  },
  "body without a limit": {
    source: `action({ body: bytes({}) });`,
    says: /Type 'BytesOutput' is missing the following properties from type 'BodySpec': max/,
  },
  "size without a unit": {
    source: `raw({ max: "10" });`,
    says: /Type '"10"' is not assignable to type 'Size'/,
  },
  "download of a text": {
    source: `service(Files).implement({ put: async () => 1, hook: async () => {}, get: () => "text" });`,
    says: /Type 'string' is not assignable to type/,
  },
  "tool instead of a method": {
    source: `const C = contract("c", { clock: query({ output: z.string() }) }); const t = await test(service(C).implement({ clock: () => "" })); await t.call.clock(); await t.clock();`,
    says: /This expression is not callable\.\s+Type 'VirtualClock' has no call signatures/,
  },
};

/** The compiler's output by case. */
function check(): Map<string, string> {
  const folder = mkdtempSync(join(tmpdir(), "skein-types-"));
  try {
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    const compilerOptions = {
      noEmit: true,
      incremental: false,
      typeRoots: [join(root, "node_modules/@types")],
      paths: { skein: [join(root, "src/index.ts")], "skein/testing": [join(root, "src/testing/index.ts")] },
      noUnusedLocals: false,
      noUnusedParameters: false,
    };
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ extends: join(root, "tsconfig.json"), compilerOptions, include: ["cases"] }),
    );
    mkdirSync(join(folder, "cases"));
    writeFileSync(join(folder, "cases/common.ts"), common);
    const names = Object.keys(cases);
    for (const [i, name] of names.entries())
      writeFileSync(join(folder, "cases", `case${i}.ts`), imports + cases[name]?.source);
    const { stdout } = spawnSync(
      process.execPath,
      [join(root, "node_modules/typescript/bin/tsc"), "-p", folder, "--pretty", "false"],
      {
        encoding: "utf8",
        cwd: folder,
      },
    );
    const found = new Map<string, string>();
    // A diagnostic begins at the start of a line; what explains it is indented below.
    for (const part of stdout.split(/^(?=\S)/m)) {
      const file = /case(\d+)\.ts\(/.exec(part)?.[1];
      const name = file === undefined ? "elsewhere" : (names[Number(file)] ?? "elsewhere");
      found.set(name, (found.get(name) ?? "") + part);
    }
    return found;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("what the compiler says", () => {
  const said = check();
  it("nothing about Skein's own sources", () => assert.equal(said.get("elsewhere"), undefined));
  for (const [name, { says }] of Object.entries(cases)) {
    it(name, () => {
      const text = said.get(name) ?? "";
      if (says === undefined) assert.equal(text, "");
      else assert.match(text, says);
      // Longer than a screen is as good as silence.
      assert.ok(text.length < 4_000, `${text.length} characters:\n${text}`);
    });
  }
});
