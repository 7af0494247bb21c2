/** The orders' declaration. */
import { database, type Generated, migration, role } from "skein";
import { Catalog } from "../catalog/contract.ts";
import { service } from "../identity.ts";
import { Notify } from "../notify/contract.ts";
import { Payments } from "../payments/contract.ts";
import { Stock } from "../stock/contract.ts";
import { Orders } from "./contract.ts";

export interface OrdersTables {
  orders: {
    id: Generated<number>;
    /** `ownerOf` who placed it; empty for a guest. */
    principal: string;
    tenant: string;
    request_key: string | null;
    user_name: string;
    created_at: Date;
    status: "pending" | "paid" | "refused";
    /** Why it was refused, to say the same when the key comes again. */
    refusal: string | null;
    items: Array<{ sku: string; quantity: number }>;
    total: number;
    currency: string;
  };
}

const migrations = [
  migration("001_orders", (db) => [
    db.schema
      .createTable("orders")
      .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
      .addColumn("principal", "varchar(200)", (c) => c.notNull())
      .addColumn("request_key", "varchar(255)")
      .addColumn("user_name", "varchar(100)", (c) => c.notNull())
      .addColumn("created_at", "timestamptz", (c) => c.notNull())
      .addColumn("status", "varchar(20)", (c) => c.notNull())
      .addColumn("refusal", "varchar(100)")
      .addColumn("items", "json", (c) => c.notNull())
      .addColumn("total", "integer", (c) => c.notNull())
      .addColumn("currency", "varchar(3)", (c) => c.notNull())
      // What makes an order happen once. A missing key is null, and nulls are all different.
      .addUniqueConstraint("orders_request", ["principal", "request_key"]),
    db.schema.createIndex("orders_by_user").on("orders").columns(["user_name", "id"]),
    db.schema.createIndex("orders_by_status").on("orders").columns(["status", "id"]),
  ]),
  migration("002_tenants", (db) => [
    db.schema.alterTable("orders").addColumn("tenant", "varchar(60)", (c) => c.notNull().defaultTo("")),
    db.schema.createIndex("orders_by_owner").on("orders").columns(["principal", "id"]),
    db.schema.createIndex("orders_by_tenant").on("orders").columns(["tenant", "id"]),
  ]),
];

export const orders = service(Orders, {
  uses: {
    catalog: Catalog.pick("cards"),
    stock: Stock.pick("reserve", "release"),
    payments: Payments.pick("charge"),
    notify: Notify.pick("send"),
  },
  has: { db: database<OrdersTables>("orders", { dialect: "portable", migrations }) },
  policy: {
    place: { access: "public" },
    list: { access: "public" },
    get: { access: "public" },
    mine: { access: role("customer") },
    myOrder: { access: "guarded" },
    all: { access: role("admin") },
    recent: { access: "internal" },
    skus: { access: "internal" },
  },
});
