/** A system that cannot run here: one of its services has a database. Bundled by the test beside it. */
import { database, service, system } from "skein";
import { contract, query } from "skein/contract";
import { createFetchHandler } from "skein/fetch";

const Ledger = contract("ledger", { read: query({ http: "GET /ledger" }) });
const ledger = service(Ledger, {
  has: { db: database("ledger", { dialect: "portable", migrations: [] }) },
  policy: { read: { access: "public" } },
});

const handle = createFetchHandler(
  system("books", { services: [ledger.from(() => Promise.reject(new Error("no code")))] }),
);

export default { fetch: (request: Request): Promise<Response> => handle(request) };
