/** Which codes name a product. Must stay free of any format's quirks: both importers ask here. */

/**
 * A code as it is compared and stored: without blanks around it and in capitals, since real files hold `85123a` and
 * `85123A` for the same thing.
 */
export function normalCode(raw: string): string {
  return raw.trim().toUpperCase();
}

/**
 * True for a product of the Online Retail set: five digits (its documentation's definition), with up to two letters
 * for a variant. What that leaves out, counted in all 25,900 invoices: POST 1,256 (postage), DOT 710, M 572 (manual),
 * C2 144 (carriage), D 77 (discount), S 63 (samples), BANK CHARGES 37, AMAZONFEE 34, CRUK 16, PADS 4, B 3, gift_0001_*
 * 34 (vouchers), and 45 lines of DCGS* codes: goods (party bags among them) under a scheme of their own, which the
 * definition does not cover; leaving them out costs 0.01 % of the lines.
 */
export function isRetailCode(code: string): boolean {
  return /^\d{5}[A-Z]{0,2}$/.test(code);
}

/** True for a sku of this shop's own catalogue, such as `KIT-0101`. */
export function isShopSku(code: string): boolean {
  return /^[A-Z]{3}-\d{4}$/.test(code);
}
