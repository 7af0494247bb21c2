/** What the service in Python promises: scores.py keeps it. */
import * as z from "zod";
import { contract, query, stream } from "skein";

export const Scores = contract("scores", {
  score: query({
    input: z.object({ id: z.string() }),
    output: z.object({ id: z.string(), title: z.string(), score: z.number(), since: z.date() }),
    http: "GET /scores/:id",
    errors: {
      NO_BOOK: { data: z.object({ id: z.string() }), status: 404 },
      TOO_SHORT: { data: z.object({ pages: z.int() }), status: 409 },
    },
  }),
  watch: query({
    input: z.object({ id: z.string() }),
    output: stream(z.object({ round: z.int(), score: z.number() })),
    http: "GET /scores/:id/watch",
  }),
});
