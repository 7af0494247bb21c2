// Owns what every contestant of `call-remote` shares: the order (200 bytes of JSON), what the handler does and the receipt.
// Must never know a framework.

export interface OrderIn {
  readonly customer: string;
  readonly items: { readonly sku: string; readonly quantity: number; readonly price: number }[];
  readonly express: boolean;
  readonly note?: string | undefined;
}

export interface ReceiptOut {
  readonly id: string;
  readonly status: string;
  readonly total: number;
  readonly currency: string;
  readonly lines: number;
}

/** Pinned: a change of it makes figures incomparable. */
export const order: OrderIn = {
  customer: "cus_8f14e45fceea167a",
  items: [
    { sku: "teapot-blue", quantity: 2, price: 12.5 },
    { sku: "cup-white", quantity: 6, price: 4.25 },
    { sku: "tray-oak", quantity: 1, price: 31.25 },
  ],
  express: true,
  note: "Ring twice, please",
};

/** What the handler of every contestant does: enough to be a handler, too little to be what is measured. */
export function place({ items }: OrderIn): ReceiptOut {
  let total = 0;
  for (const { quantity, price } of items) total += quantity * price;
  return { id: "ord-00000042", status: "accepted", total, currency: "EUR", lines: items.length };
}

/** Throws for what is not the receipt of the order. */
export function check(receipt: unknown): void {
  const { id, total, lines } = receipt as ReceiptOut;
  if (id !== "ord-00000042" || total !== 81.75 || lines !== 3) {
    throw new Error(`not the expected receipt: ${JSON.stringify(receipt)}`);
  }
}
