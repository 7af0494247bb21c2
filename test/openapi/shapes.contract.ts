/**
 * What Shapes 2 offers, from shapes.json by `skein openapi --import`. It is yours: correct what the document gets wrong.
 * In a system: external(Shapes, { url: "https://..." }); the document does not say where it is
 */

import * as z from "zod";
import { action, contract } from "skein/contract";

export const Problem = z.object({
  code: z.string(),
});

export const Tree = z.object({
  get leaf() {
    return Leaf;
  },
  get left() {
    return Tree.optional();
  },
  get others() {
    return z.array(z.union([Tree, z.string()])).nullable().optional();
  },
});

export const Leaf = z.object({
  tree: Tree.optional(),
  n: z.int().nullable().optional(),
});

export const Everything = z.object({
  fixed: z.literal(3).optional(),
  mixed: z.literal([1, "a", true]).nullable().optional(),
  at: z.iso.datetime({ offset: true }).optional(),
  day: z.iso.date().optional(),
  id: z.guid().optional(),
  mail: z.email().optional(),
  pair: z.tuple([z.string(), z.int()]).optional(),
  between: z.number().gt(0).lt(1).multipleOf(0.25).optional(),
  open: z.looseObject({
    a: z.int().optional(),
  }).optional(),
  rest: z.object({
    a: z.int().optional(),
  }).catchall(z.boolean()).optional(),
  both: z.intersection(z.object({
    x: z.int(),
  }), z.object({
    y: z.int().optional(),
  })).optional(),
  maybe: z.string().nullable().optional(),
  shape: z.union([Problem, Leaf]).optional(),
  "odd key": z.string().default("x"),
  pattern: z.string() /* its pattern is no regular expression of JavaScript */.optional(),
  not: z.unknown() /* not of the document cannot be said in Zod */.optional(),
  any: z.unknown().optional(),
  none: z.never().optional(),
});

export const Value: z.ZodType = z.union([z.union([z.string(), z.number(), z.boolean()]).nullable(), z.array(z.lazy(() => Value)), z.record(z.string(), z.lazy(() => Value))]);

export const Shapes = contract("shapes", {
  treePlant: action({
    input: Tree,
    output: Everything,
    http: "POST /tree",
    errors: {
      TAKEN: { status: 409, data: z.object({
        by: z.string(),
      }) },
    },
  }),
  postJson: action({
    input: z.object({
      body: Value.optional(),
    }),
    output: Value,
    http: { route: "POST /json", bodyField: "body" },
  }),
});
