/** A system of which every method waits: for what one request's end does to the others. Bundled by the test beside it. */
import * as z from "zod";
import { resource, service, system } from "skein";
import { contract, query, stream } from "skein/contract";
import { createFetchHandler, type FetchContext } from "skein/fetch";

const Slow = contract("slow", {
  nap: query({ input: z.object({ ms: z.int() }), output: z.string(), http: "GET /nap" }),
  kept: query({ input: z.object({ name: z.string(), ms: z.int() }), output: z.int(), http: "GET /kept" }),
  hang: query({ output: z.string(), http: "GET /hang" }),
  drip: query({ output: stream(z.int()), http: "GET /drip" }),
  seen: query({ output: z.object({ aborted: z.int(), runs: z.int() }), http: "GET /seen" }),
});

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const slow = service(Slow, {
  // Opening waits too: the request that opens may leave meanwhile.
  has: {
    count: resource({
      open: async () => {
        await sleep(300);
        return { aborted: 0, runs: 0 };
      },
    }),
  },
  policy: {
    nap: { access: "public" },
    kept: { access: "public", cache: { ttl: "1m" } },
    hang: { access: "public", timeout: "300ms" },
    drip: { access: "public" },
    seen: { access: "public" },
  },
}).implement({
  nap: async ({ ms }) => {
    await sleep(ms);
    return "rested";
  },
  kept: async ({ ms }, { count }) => {
    count.runs++;
    await sleep(ms);
    return 7;
  },
  hang: () => new Promise(() => {}),
  async *drip(_input, { count }, call) {
    call.signal.addEventListener("abort", () => count.aborted++);
    for (let i = 0; ; i++) {
      yield i;
      await sleep(10);
    }
  },
  seen: (_input, { count }) => ({ aborted: count.aborted, runs: count.runs }),
});

const handle = createFetchHandler(system("slow", { services: [slow] }));

export default {
  fetch: (request: Request, _env?: unknown, context?: Pick<FetchContext, "waitUntil">): Promise<Response> =>
    handle(request, context?.waitUntil === undefined ? {} : { waitUntil: (work) => context.waitUntil?.(work) }),
};
