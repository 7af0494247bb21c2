/** What orders promise: an order placed once per key, and the list of them. */
import * as z from "zod";
import { action, contract, query } from "skein/contract";
import { User } from "../accounts/contract.ts";
import { Card } from "../catalog/contract.ts";
import { Items } from "../stock/contract.ts";
import { integerMax } from "../values.ts";

export const NewOrder = z.object({ user: User, items: Items });

export const Order = z.object({
  id: z.int(),
  user: User,
  /** UTC, as `2021-10-01 14:30:00`. */
  date: z.string(),
  status: z.enum(["pending", "paid", "refused"]),
  items: Items,
  /** Integer minor units of `currency`. */
  total: z.int(),
  currency: z.string(),
});

const sku = z.object({ sku: z.string() });

const OrderPage = z.object({ orders: z.array(Order), next: z.string().optional() });
const paged = {
  limit: z.int().min(1).max(100).default(20),
  after: z.int().min(0).max(integerMax).default(0),
};
const ById = z.object({ id: z.int().min(1).max(integerMax) });

export const Orders = contract("orders", {
  place: action({
    input: NewOrder,
    output: Order,
    http: { route: "POST /orders", status: 201, keyed: true },
    summary: "Place an order; the same Idempotency-Key places it once",
    errors: {
      PRODUCT_UNKNOWN: { data: sku, status: 422, message: "there is no such product" },
      CURRENCIES_MIXED: { status: 422, message: "one order has one currency" },
      ORDER_TOO_LARGE: { status: 422, message: "one order is at most 20,000,000.00" },
      OUT_OF_STOCK: { data: sku, status: 409, message: "not enough of this product is left" },
      PAYMENT_DECLINED: { status: 402, message: "the payment was declined" },
      PAYMENT_PENDING: {
        data: z.object({ order: z.int() }),
        status: 503,
        canonical: "unavailable",
        message: "the payment is not through yet; ask again with the same key",
        retry: true,
      },
      KEY_REUSED: {
        status: 409,
        canonical: "already_exists",
        message: "this Idempotency-Key has placed another order",
      },
    },
  }),
  list: query({
    input: z.object({ user: User.optional(), ...paged }),
    output: OrderPage,
    http: "GET /orders",
    summary: "Orders by id; `next` is the `after` of the next page",
  }),
  get: query({
    input: ById,
    output: Order,
    http: "GET /orders/:id",
    summary: "One order",
    errors: {
      ORDER_NOT_FOUND: {
        data: z.object({ id: z.int() }),
        status: 404,
        canonical: "not_found",
        message: "there is no such order",
      },
    },
  }),
  mine: query({
    input: z.object(paged),
    output: OrderPage,
    http: "GET /me/orders",
    summary: "The orders of whoever asks",
  }),
  myOrder: query({
    input: ById,
    output: Order,
    http: "GET /me/orders/:id",
    summary: "One order, for who placed it",
  }),
  all: query({
    input: z.object(paged),
    output: OrderPage,
    http: "GET /admin/orders",
    summary: "Every order of the administrator's tenant",
  }),
  /** A user's last orders with what was in them. */
  recent: query({ input: z.object({ user: User }), output: z.array(Order.extend({ cards: z.array(Card) })) }),
  /** What a user has bought lately. */
  skus: query({ input: z.object({ user: User }), output: z.array(z.string()) }),
});
