/**
 * The shop and one service more, all of whose calls last: a stream of numbers, an upload, a command that keeps its transaction
 * open. For the cases in which hosts make room while something is under way.
 */
import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { action, bytes, command, contract, database, migration, query, stream } from "skein";
import * as z from "zod";
import { service, system } from "../../../../examples/shop/identity.ts";
import shop from "../../../../examples/shop/system.ts";

const Lasting = contract("lasting", {
  numbers: query({
    input: z.object({ everyMs: z.int().min(1).max(1_000).default(20) }),
    output: stream(z.object({ n: z.int(), pid: z.int() }), { id: "n" }),
    http: "GET /lasting/numbers",
  }),
  upload: action({
    body: bytes({ max: "16MiB" }),
    output: z.object({ size: z.int(), sha256: z.string() }),
    http: "POST /lasting/files",
  }),
  hold: command({
    input: z.object({ name: z.string().max(100), ms: z.int().min(0).max(10_000) }),
    output: z.object({ rows: z.int() }),
    http: "POST /lasting/rows",
  }),
});

interface Tables {
  held: { name: string };
}
/** No column is unique: a second effect is to be seen. */
const migrations = [migration("001_held", ["create table held (name varchar(100) not null)"])];
const open = { access: "public" } as const;

const lasting = service(Lasting, {
  has: { db: database<Tables>("lasting", { dialect: "portable", migrations }) },
  policy: { numbers: open, upload: open, hold: { ...open, timeout: "30s" } },
});

export default system("shop", {
  services: [
    ...shop.services,
    lasting.implement({
      async *numbers({ everyMs }, _own, call) {
        for (let n = Number(call.resumeFrom ?? 0) + 1; ; n++) {
          yield { n, pid: process.pid };
          await pause(everyMs, undefined, { signal: call.signal });
        }
      },
      async upload(_input, _own, call) {
        const hash = createHash("sha256");
        let size = 0;
        for await (const piece of call.body) {
          hash.update(piece);
          size += piece.length;
        }
        return { size, sha256: hash.digest("hex") };
      },
      hold: ({ name, ms }, { db }) =>
        db.transaction(async (tx) => {
          await tx.insertInto("held").values({ name }).execute();
          // No wait is long enough to be taken for an idle one.
          for (let left = ms; left > 0; left -= 250) {
            await pause(Math.min(left, 250));
            await tx.selectFrom("held").select("name").where("name", "=", name).execute();
          }
          const rows = await tx.selectFrom("held").select("name").where("name", "=", name).execute();
          return { rows: rows.length };
        }),
    }),
  ],
});
