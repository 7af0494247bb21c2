/** Owns one change between two versions of a system's contracts, as it is said. It must never find one. */

/** One change. @since 0.1.0 */
export interface ContractChange {
  /**
   * `"breaking"`: a caller, reader or stored value of the old version no longer fits. `"skew"`: old ones still fit, but a
   * caller of the new version may meet a service of the old one while both run, and does not fit that.
   */
  readonly level: "breaking" | "skew";
  /** `orders.place input $.note` */
  readonly where: string;
  /** To be read after `where` and a colon. */
  readonly message: string;
  /** It breaks replies that are stored under keys: the order in which services are rolled out does not help. */
  readonly isStored?: true;
}

export function breaking(where: string, message: string): ContractChange {
  return { level: "breaking", where, message };
}

export function skew(where: string, message: string): ContractChange {
  return { level: "skew", where, message };
}
