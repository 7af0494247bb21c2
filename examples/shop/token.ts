/**
 * Prints a token for trying the shop: `node --conditions=skein-src examples/shop/token.ts ann --role customer`, and with
 * `--tenant` one of a shop in the shop. Signed with the keys that development made in .skein; worth nothing in production.
 */
import path from "node:path";
import { parseArgs } from "node:util";
import { developmentToken } from "skein/testing";
import { audience, issuer } from "./identity.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    role: { type: "string", multiple: true, default: ["customer"] },
    tenant: { type: "string" },
    home: { type: "string", default: process.env["SKEIN_HOME"] ?? path.join(import.meta.dirname, ".skein") },
  },
});
const token = await developmentToken(values.home, {
  issuer,
  audience,
  subject: positionals[0] ?? "ann",
  roles: values.role,
  ...(values.tenant !== undefined && { tenant: values.tenant }),
  lifeSeconds: 3_600,
  nowSeconds: Date.now() / 1_000,
});
console.log(token);
