/** Bodies and downloads as a contract declares them: sizes, types, where they may stand. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { isSkeinError } from "../errors/index.ts";
import { action, bytes, command, contract, isBytes, query, raw, takesType } from "./index.ts";
import { toByteCount } from "./bytes.ts";

function refused(make: () => unknown, says: RegExp): void {
  assert.throws(make, (error) => {
    assert.ok(isSkeinError(error) && error.code === "SKEIN_CONTRACT_INVALID", String(error));
    assert.match(error.message, says);
    return true;
  });
}

describe("sizes", () => {
  it("are whole numbers of bytes, decimal or binary", () => {
    const sizes = [1, "1B", "10MB", "1KB", "256KiB", "2GiB", "1.5MiB", "1TB"] as const;
    assert.deepEqual(
      sizes.map((size) => toByteCount(size, "x")),
      [1, 1, 10_000_000, 1_000, 262_144, 2_147_483_648, 1_572_864, 1_000_000_000_000],
    );
  });

  it("are refused where they are none", () => {
    for (const size of [
      0,
      -1,
      1.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      2 ** 53,
      "",
      "1",
      "2G",
      "2 GiB",
      "-1B",
      "0B",
      "0.1B",
      "1e9B",
      null,
      {},
      true,
    ]) {
      refused(() => toByteCount(size as never, "x"), /is no size/);
    }
  });
});

describe("a body", () => {
  it("needs a limit", () => {
    refused(() => bytes({ types: ["image/*"] } as never), /needs a limit/);
    refused(() => raw({} as never), /needs a limit/);
    refused(() => raw(undefined as never), /needs a limit/);
    refused(() => raw({ max: "17MiB" }), /at most 16 MiB/);
    assert.deepEqual(bytes({ max: "1KiB" }), { max: 1024, types: undefined, isRaw: false });
    assert.deepEqual(raw({ max: 10, types: ["Application/JSON"] }), {
      max: 10,
      types: ["application/json"],
      isRaw: true,
    });
  });

  it("names content types", () => {
    for (const types of [[], ["image"], ["image/"], ["*/*"], ["a/b; c=d"], ["image/p*"], [""]]) {
      refused(() => bytes({ max: 1, types }), /content type/);
    }
    const images = bytes({ max: 1, types: ["image/*", "application/pdf"] });
    const taken = ["image/png", "IMAGE/PNG; q=1", "application/pdf", "image/svg+xml"];
    for (const type of taken) assert.ok(takesType(images, type), type);
    for (const type of [undefined, "", "image", "images/png", "application/pdfx", "text/html; image/png"]) {
      assert.ok(!takesType(images, type), type);
    }
    assert.ok(takesType(bytes({ max: 1 }), undefined));
  });

  it("stands where its kind allows, by a verb that sends", () => {
    const body = bytes({ max: 1 });
    assert.equal(action({ body }).body, body);
    assert.equal(query().body, undefined);
    refused(() => contract("c", { m: query({ body } as never) }), /is a query with a body/);
    refused(() => contract("c", { m: command({ body } as never) }), /is a command with a body/);
    refused(() => contract("c", { m: action({ body, http: "DELETE /m" }) }), /a DELETE route: send bytes by PUT/);
    contract("c", { m: command({ body: raw({ max: 1 }), http: "POST /m" }), n: action({ body, http: "PUT /m" }) });
  });
});

describe("a download", () => {
  it("is for queries and actions, GET included", () => {
    contract("c", {
      m: action({ output: bytes(), http: "GET /m" }),
      n: query({ output: bytes({ type: "image/png" }) }),
    });
    refused(() => contract("c", { m: command({ output: bytes() } as never) }), /answers bytes/);
    for (const type of ["png", "image/*", "image/png\r\nx: y"]) refused(() => bytes({ type }), /is not a content type/);
    assert.ok(isBytes(bytes()));
    assert.ok(!isBytes(bytes({ max: 1 })));
    assert.ok(!isBytes(z.object({ bytes: z.literal(true) })));
  });
});
