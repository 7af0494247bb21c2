/** A system of two services, of which one is written in Python: it is called by its contract, and calls back. */
import { foreign, system } from "skein";
import { Books, books } from "./books.ts";
import { Scores } from "./scores.contract.ts";

export default system("polyglot", {
  services: [
    books.from(() => import("./books.ts")),
    foreign(Scores, {
      url: "http://127.0.0.1:4200",
      uses: { books: Books.pick("byId") },
      policy: { score: { access: "public", timeout: "2s" }, watch: { access: "public" } },
    }),
  ],
});
