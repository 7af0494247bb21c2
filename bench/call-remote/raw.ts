// The contestant `raw` of `call-remote`: what a team would write by hand for this one method and nothing else. The frames of
// `echo`, with the order and the receipt in them by position. No limit, no deadline, no checksum, no validation, one method.
// usage: node raw.ts server <path>
//        node raw.ts client <path> <pid of the server>
import { connect, createServer, type Socket } from "node:net";
import { loadOf, measure } from "./drive.ts";
import { Gather, headBytes, Waiting, walkFrames } from "./gather.ts";
import { check, type OrderIn, order, place, type ReceiptOut } from "./payload.ts";

const [role = "", path = ""] = process.argv.slice(2);
/** More than any frame here has. */
const frameMax = 1_024;

class Out {
  readonly #gather: Gather;
  #bytes: Buffer;
  #from = 0;
  #at = 0;

  constructor(socket: Socket) {
    this.#gather = new Gather(socket);
    this.#bytes = this.#gather.bytes;
  }

  begin(id: number): void {
    this.#from = this.#gather.room(frameMax);
    this.#bytes = this.#gather.bytes;
    this.#bytes.writeUInt32LE(id, this.#from + 4);
    this.#at = this.#from + headBytes;
  }
  end(): void {
    this.#bytes.writeUInt32LE(this.#at - this.#from, this.#from);
    this.#gather.wrote(this.#at);
  }

  byte(value: number): void {
    this.#bytes[this.#at++] = value;
  }
  number(value: number): void {
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }
  text(value: string): void {
    const size = this.#bytes.write(value, this.#at + 1);
    this.#bytes[this.#at] = size;
    this.#at += size + 1;
  }
}

/** Reads one body at a time. */
class In {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  over(bytes: Buffer, at: number): this {
    this.#bytes = bytes;
    this.#at = at;
    return this;
  }
  byte(): number {
    return this.#bytes[this.#at++] as number;
  }
  number(): number {
    const at = this.#at;
    this.#at = at + 8;
    return this.#bytes.readDoubleLE(at);
  }
  text(): string {
    const size = this.byte();
    const at = this.#at;
    this.#at = at + size;
    return this.#bytes.toString("utf8", at, at + size);
  }
}

function writeOrder(to: Out, { customer, items, express, note }: OrderIn): void {
  to.text(customer);
  to.byte(items.length);
  for (const { sku, quantity, price } of items) {
    to.text(sku);
    to.byte(quantity);
    to.number(price);
  }
  to.byte(express ? 1 : 0);
  to.text(note ?? "");
}

function readOrder(from: In): OrderIn {
  const customer = from.text();
  const items = Array.from({ length: from.byte() }, () => ({
    sku: from.text(),
    quantity: from.byte(),
    price: from.number(),
  }));
  return { customer, items, express: from.byte() === 1, note: from.text() };
}

function writeReceipt(to: Out, { id, status, total, currency, lines }: ReceiptOut): void {
  to.text(id);
  to.text(status);
  to.number(total);
  to.text(currency);
  to.byte(lines);
}

function readReceipt(from: In): ReceiptOut {
  return { id: from.text(), status: from.text(), total: from.number(), currency: from.text(), lines: from.byte() };
}

if (role === "server") {
  createServer((socket) => {
    socket.on("error", () => socket.destroy());
    const out = new Out(socket);
    const from = new In();
    walkFrames(socket, (id, bytes, at) => {
      const receipt = place(readOrder(from.over(bytes, at)));
      out.begin(id);
      writeReceipt(out, receipt);
      out.end();
    });
  }).listen(path, () => console.log(path));
  process.once("SIGTERM", () => process.exit(0));
} else {
  const socket = connect(path);
  const out = new Out(socket);
  const from = new In();
  const waiting = new Waiting<ReceiptOut>();
  walkFrames(socket, (id, bytes, at) => waiting.came(id, readReceipt(from.over(bytes, at))));
  const call = () =>
    new Promise<ReceiptOut>((resolve) => {
      out.begin(waiting.wait(resolve));
      writeOrder(out, order);
      out.end();
    });
  console.log(JSON.stringify(await measure(loadOf(call, check), Number(process.argv[4]))));
  process.exit(0);
}
