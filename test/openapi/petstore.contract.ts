/**
 * What Pet Store 1.0.0 offers, from petstore.yaml by `skein openapi --import`. It is yours: correct what the document gets wrong.
 * In a system: external(PetStore, { url: "https://pets.example/api/v3" })
 * It asks for proof of who calls: key (apiKey); see `authorization` and `headers`.
 */

import * as z from "zod";
import { action, contract, query } from "skein/contract";

export const Kind = z.enum(["cat", "dog", "other\"`${kind}"]);

export const Person = z.object({
  is: z.enum(["person"]),
  name: z.string(),
});

export const Home = z.object({
  is: z.enum(["home"]),
  places: z.int().default(1),
});

export const NewPet = z.object({
  name: z.string().min(1).regex(new RegExp("^[^\\s].*$", "u")),
  born: z.iso.date().nullable().optional(),
  weight: z.number().gt(0).optional(),
  kind: Kind.optional(),
  owner: z.discriminatedUnion("is", [Person, Home]).optional(),
  labels: z.record(z.string(), z.string()).optional(),
});

/** A pet. * / process.exit(9) /* */
export const Pet = NewPet.extend({
  id: z.int(),
  get mother() {
    return Pet.optional();
  },
  get litter() {
    return z.array(Pet).optional();
  },
});

export const ErrorValue = z.object({
  code: z.int(),
  message: z.string(),
});

export const PetStore = contract("pet-store", {
  findPets: query({
    summary: "Pets by status",
    input: z.object({
      xStore: z.string().optional(),
      status: z.enum(["available", "pending", "sold"]).default("available"),
      tags: z.array(z.string()).optional(),
      limit: z.int().min(1).max(100).default(20),
    }),
    output: z.array(Pet),
    http: { route: "GET /pets", headers: { "x-store": "xStore" } },
  }),
  addPet: action({
    input: NewPet.extend({
      xStore: z.string().optional(),
      notify: z.boolean().optional(),
    }),
    output: Pet,
    http: { route: "POST /pets", status: 201, headers: { "x-store": "xStore" }, query: ["notify"], keyed: true },
    errors: {
      CONFLICT: { status: 409, data: ErrorValue },
      UNPROCESSABLE_ENTITY: { status: 422 },
    },
  }),
  getPet: query({
    input: z.object({
      petId: z.int().min(1),
    }),
    output: Pet,
    http: "GET /pets/:petId",
    errors: {
      NOT_FOUND: { status: 404, data: ErrorValue },
    },
  }),
  deletePetsPetId: action({
    input: z.object({
      petId: z.int().min(1),
    }),
    http: "DELETE /pets/:petId",
  }),
  setTags: action({
    input: z.object({
      petId: z.int(),
      body: z.array(z.string().max(20)).max(5),
    }),
    output: z.string(),
    http: { route: "PUT /pets/:petId/tags", bodyField: "body" },
  }),
});

// Left out, because this version of Skein cannot say it:
// - HEAD /pets/{pet_id}: HEAD has no answer that a method could give
// - POST /pets/{pet_id}/photo: it takes multipart/form-data, and Skein sends JSON
// - GET /search: its query parameter filter is an object in brackets
