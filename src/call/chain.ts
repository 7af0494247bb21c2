/** Owns an intrusive doubly linked list: adding and removing cost no allocation. It must never hold a link twice. */

import { assert } from "../core/index.ts";

/** What can be in one chain at a time. */
export abstract class Link {
  chain: Chain<Link> | undefined = undefined;
  before: Link | undefined = undefined;
  after: Link | undefined = undefined;
}

export class Chain<T extends Link> {
  first: T | undefined = undefined;

  add(link: T): void {
    assert(link.chain === undefined, "a link is in one chain at a time");
    link.chain = this as unknown as Chain<Link>;
    link.before = undefined;
    link.after = this.first;
    if (this.first !== undefined) this.first.before = link;
    this.first = link;
  }

  remove(link: T): void {
    if (link.chain !== (this as unknown as Chain<Link>)) return;
    if (link.before !== undefined) link.before.after = link.after;
    else this.first = link.after as T | undefined;
    if (link.after !== undefined) link.after.before = link.before;
    link.chain = undefined;
    link.before = undefined;
    link.after = undefined;
  }
}
