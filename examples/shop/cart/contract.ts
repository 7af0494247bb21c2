/** What the cart promises: what a user has put aside. */
import * as z from "zod";
import { command, contract, query } from "skein/contract";
import { User } from "../accounts/contract.ts";
import { Card, Sku } from "../catalog/contract.ts";

export const CartLine = Card.extend({ quantity: z.int() });
export const CartView = z.object({ user: User, lines: z.array(CartLine), total: z.int() });

export const Cart = contract("cart", {
  view: query({
    input: z.object({ user: User }),
    output: CartView,
    http: "GET /carts/:user",
    summary: "A user's cart",
  }),
  /** Sets a line; quantity 0 takes it out. */
  put: command({
    input: z.object({ user: User, sku: Sku, quantity: z.int().min(0).max(1000) }),
    output: z.object({ lines: z.int() }),
    http: "PUT /carts/:user",
    summary: "Put a product into a cart",
  }),
});
