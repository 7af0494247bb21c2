/** Owns a small system of which one service is written in Python. It must never know where that runs. */
import * as z from "zod";
import { action, contract, foreign, query, role, service, stream, system } from "../../src/index.ts";

const Id = z.object({ id: z.string() });
const unscorable = { UNSCORABLE: { data: z.object({ id: z.string(), since: z.date() }), status: 409 } };

export const Books = contract("books", {
  byId: query({ input: Id, output: z.object({ id: z.string(), pages: z.int(), added: z.date() }) }),
  who: query({
    output: z.object({ caller: z.string(), subject: z.string(), traceId: z.string(), leftMs: z.number() }),
  }),
  lend: action({ input: Id, output: z.null() }),
  secret: query({ input: Id, output: z.null() }),
  staff: query({ input: Id, output: z.null() }),
  round: query({ output: z.string() }),
});

export const Scores = contract("scores", {
  score: query({
    input: Id,
    output: z.object({ id: z.string(), score: z.number(), added: z.date(), total: z.bigint() }),
    http: "GET /scores/:id",
    errors: unscorable,
  }),
  who: query({ output: z.object({ here: z.string().nullable(), there: z.unknown(), leftMs: z.number() }) }),
  boom: action({ output: z.null() }),
  hang: action({ output: z.null() }),
  late: query({ output: z.unknown() }),
  trend: query({
    input: z.object({ to: z.int(), fails: z.boolean().optional() }),
    output: stream(z.object({ n: z.int(), at: z.date() })),
    errors: unscorable,
  }),
  ask: query({
    input: z.object({ service: z.string(), method: z.string() }),
    output: z.object({ code: z.string().optional(), status: z.int().optional(), reply: z.string().optional() }),
  }),
  through: query({ output: z.string() }),
});

const books = service(Books, {
  uses: { scores: Scores.pick("through") },
  policy: {
    byId: { access: "internal" },
    who: { access: "internal" },
    lend: { access: "internal" },
    secret: { access: "internal" },
    staff: { access: role("staff") },
    round: { access: "public" },
  },
});

const added = new Date("2026-01-02T03:04:05.000Z");

export const library = system("library", {
  services: [
    books.implement({
      byId: ({ id }) => ({ id, pages: id === "empty" ? 0 : 120, added }),
      who: (_, __, call) => ({
        caller: call.caller ?? "",
        subject: call.principal?.subject ?? "",
        traceId: call.traceId,
        leftMs: call.remainingMs(),
      }),
      lend: () => null,
      secret: () => null,
      staff: () => null,
      round: (_, { scores }) => scores.through(),
    }),
    foreign(Scores, {
      url: "http://127.0.0.1:9",
      uses: { books: Books.pick("byId", "who", "lend", "staff", "round") },
      policy: { score: { access: "public" }, late: { timeout: "300ms" } },
    }),
  ],
});
