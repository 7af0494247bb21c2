/**
 * The document against two validators that share nothing: the official JSON Schema of OpenAPI 3.1 (@seriousme) and
 * Redocly's own type tree and rules. On the shop, on the gateway's sample and on a system with every kind of schema.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { Validator } from "@seriousme/openapi-schema-validator";
import shop from "../../examples/shop/system.ts";
import type { System } from "../system/index.ts";
import { everySchema } from "./fixtures/every-schema.ts";
import { sample } from "./fixtures/sample.ts";
import { renderOpenApi } from "./index.ts";

type Json = Record<string, unknown>;

/** Redocly's recommended rules, all as errors, but for what only the owner of an API can say. */
const config = createConfig({
  extends: ["recommended-strict"],
  rules: { "info-license": "off", "tag-description": "off", "operation-summary": "off" },
});

async function problems(document: object): Promise<string[]> {
  const text = JSON.stringify(document);
  const { errors } = await new Validator().validate(JSON.parse(text) as Json);
  const official = errors === undefined ? [] : [`official: ${JSON.stringify(errors).slice(0, 2_000)}`];
  const found = await lintFromString({ source: text, absoluteRef: "openapi.json", config: await config });
  return [
    ...official,
    ...found.map(({ ruleId, message, location }) => `${ruleId}: ${message} at ${location[0]?.pointer ?? "?"}`),
  ];
}

const systems: ReadonlyArray<readonly [string, () => System]> = [
  ["the shop", () => shop],
  ["the sample", () => sample()],
  ["every kind of schema", everySchema],
];

for (const [name, make] of systems) {
  test(`${name}: two validators have nothing to say`, async () => {
    const document = await renderOpenApi(make(), { server: "https://api.shop.test" });
    assert.deepEqual(await problems(document), []);
    assert.equal(
      JSON.stringify(document),
      JSON.stringify(await renderOpenApi(make(), { server: "https://api.shop.test" })),
    );
  });
}

test("each validator can say no", async () => {
  const document = structuredClone(await renderOpenApi(sample())) as { paths: Record<string, Record<string, Json>> };
  const get = document.paths["/orders/{id}"]?.["get"] as Json;
  get["parameters"] = [];
  get["responses"] = { 200: {} };
  const found = await problems(document);
  assert.ok(found.some((line) => line.startsWith("official:")));
  assert.ok(
    found.some((line) => line.startsWith("path-parameters-defined")),
    found.join("\n"),
  );
  assert.ok(
    found.some((line) => line.startsWith("operation-4xx-response")),
    found.join("\n"),
  );
});
