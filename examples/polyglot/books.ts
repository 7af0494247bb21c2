/** Books and how many pages they have: what the service in Python asks for. */
import * as z from "zod";
import { action, contract, query, service } from "skein";

export const Book = z.object({ id: z.string(), title: z.string(), pages: z.int(), added: z.date() });

export const Books = contract("books", {
  byId: query({
    input: z.object({ id: z.string() }),
    output: Book,
    errors: { NO_BOOK: { data: z.object({ id: z.string() }), status: 404 } },
  }),
  remove: action({ input: z.object({ id: z.string() }), output: z.null() }),
});

export const books = service(Books, { policy: { byId: { access: "internal" }, remove: { access: "internal" } } });

const shelf = new Map(
  [
    { id: "emma", title: "Emma", pages: 474, added: new Date("2026-01-02") },
    { id: "haiku", title: "One Haiku", pages: 1, added: new Date("2026-03-04") },
  ].map((book) => [book.id, book]),
);

export default books.implement({
  byId: ({ id }, _, call) => {
    const book = shelf.get(id);
    if (book === undefined) throw call.error("NO_BOOK", { id });
    return book;
  },
  remove: ({ id }) => {
    shelf.delete(id);
    return null;
  },
});
