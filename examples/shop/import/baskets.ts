/**
 * Reads basket lines, `code,code,...`, one basket a line. Must never stop at a bad line or drop a part of one unsaid.
 */
import { isRetailCode, isShopSku, normalCode } from "./codes.ts";
import { readLines } from "./source.ts";

/** Why a line, or with `item` a single code of a line, is left out. The list is closed. */
export const basketReasons = ["empty", "non-product-code", "duplicate-item", "too-long"] as const;
export type BasketReason = (typeof basketReasons)[number];

export type BasketRow =
  | { readonly kind: "basket"; readonly line: number; readonly items: readonly string[] }
  | { readonly kind: "rejected"; readonly line: number; readonly reason: BasketReason; readonly item?: string };

/**
 * The rows of a file. A line yields its rejected items first, then the basket of the others; a line without any
 * product is `empty`.
 */
export async function* readBaskets(source: AsyncIterable<Uint8Array>): AsyncGenerator<BasketRow> {
  for await (const block of readLines(source)) {
    for (const [index, text] of block.lines.entries()) {
      const line = block.first + index;
      if (text === undefined) {
        yield { kind: "rejected", line, reason: "too-long" };
        continue;
      }
      const items = new Set<string>();
      for (const raw of text.trim() === "" ? [] : text.split(",")) {
        const item = normalCode(raw);
        if (!isRetailCode(item) && !isShopSku(item)) yield { kind: "rejected", line, reason: "non-product-code", item };
        else if (items.has(item)) yield { kind: "rejected", line, reason: "duplicate-item", item };
        else items.add(item);
      }
      if (items.size > 0) yield { kind: "basket", line, items: [...items] };
      else yield { kind: "rejected", line, reason: "empty" };
    }
  }
}
