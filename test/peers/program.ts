/**
 * A program of somebody else: openapi-fetch over the types that openapi-typescript made of the shop's document. It must
 * compile under strict TypeScript, and never import anything of Skein.
 */
import createClient from "openapi-fetch";
import type { paths } from "./generated/shop.ts";

const client = createClient<paths>({ baseUrl: process.argv[2] ?? "" });

const listed = await client.GET("/products", { params: { query: { limit: 5 } } });
if (listed.data === undefined) throw new Error(`listing failed: ${listed.error.code}`);
const [product] = listed.data.products;
if (product === undefined) throw new Error("no product");
// Typed by the document: a wrong name or type here does not compile.
const sku: string = product.sku;
// @ts-expect-error -- there is no such field
void product.nothing;
// @ts-expect-error -- a limit is a number
void client.GET("/products", { params: { query: { limit: "5" } } }).catch(() => undefined);

const order = { user: "generated", items: [{ sku, quantity: 1 }] };
const key = "generated-client-key-0001";
const placed = await client.POST("/orders", { params: { header: { "Idempotency-Key": key } }, body: order });
const again = await client.POST("/orders", { params: { header: { "Idempotency-Key": key } }, body: order });
if (placed.data === undefined || again.data === undefined) throw new Error("placing failed");
const status: "pending" | "paid" | "refused" = placed.data.status;

const unknown = await client.POST("/orders", {
  params: { header: { "Idempotency-Key": "generated-client-key-0002" } },
  body: { user: "generated", items: [{ sku: "no-such-product", quantity: 1 }] },
});
const { error } = unknown;
if (error === undefined) throw new Error("an unknown product was sold");
// The code tells declared errors apart, and a field of its data from Skein's own errors, whose codes are open.
const missing: string | undefined =
  error.code === "PRODUCT_UNKNOWN" && error.data && "sku" in error.data ? error.data.sku : undefined;

const guest = await client.GET("/me/orders");
console.log(
  JSON.stringify({
    products: listed.data.products.length,
    status: placed.response.status,
    paid: status,
    id: placed.data.id,
    again: again.data.id,
    error: error.code,
    missing,
    guest: guest.response.status,
    guestCode: guest.error?.code,
  }),
);
