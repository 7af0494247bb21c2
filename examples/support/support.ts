/**
 * A support desk: everybody in a room sees every line, from where they left. The rooms are in memory, so that the example has
 * nothing but the channel in it; a real one keeps them in a table and hears of new rows.
 */
import type * as z from "zod";
import { resource, service, system } from "skein";
import { type Line, type Message, Support } from "./support.contract.ts";

type LineOf = z.infer<typeof Line>;

class Room {
  readonly lines: LineOf[] = [];
  #changed = Promise.withResolvers<void>();

  /** A message that comes again, after a break, is the line that it was. */
  post(message: z.infer<typeof Message>): void {
    if (this.lines.some(({ id }) => id === message.id)) return;
    this.lines.push({ ...message, seq: this.lines.length + 1 });
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Lines after `seq`, those that are there and those that come. */
  async *after(seq: number): AsyncGenerator<LineOf> {
    for (let at = seq; ; at++) {
      while (at >= this.lines.length) await this.#changed.promise;
      yield this.lines[at] as LineOf;
    }
  }
}

export const support = service(Support, {
  has: {
    rooms: resource({
      open: () => Promise.resolve(new Map<string, Room>()),
      close: () => Promise.resolve(),
    }),
  },
  policy: { chat: { access: "public" }, said: { access: "public" } },
}).implement({
  async *chat({ room: name }, { rooms }, call) {
    const room = rooms.get(name) ?? new Room();
    rooms.set(name, room);
    // What comes is posted while what was posted is sent; when either fails, the channel does.
    const posting = (async () => {
      for await (const message of call.received) room.post(message);
    })();
    posting.catch(() => undefined);
    yield* room.after(Number(call.resumeFrom ?? 0));
  },
  said: ({ room }, { rooms }) => rooms.get(room)?.lines ?? [],
});

export default system("support", { services: [support] });
