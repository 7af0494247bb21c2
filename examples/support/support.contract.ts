/** What the support desk promises: a room's conversation in both directions, and what was said in it. */
import * as z from "zod";
import { channel, contract, query } from "skein/contract";

/** The client gives each message an id of its own: after a break it may be sent again, and counts once. */
export const Message = z.object({ id: z.uuid(), from: z.string().min(1).max(40), text: z.string().min(1).max(2_000) });
export const Line = Message.extend({ seq: z.int() });

export const Support = contract("support", {
  chat: channel({
    summary: "Talk in a room",
    input: z.object({ room: z.string().max(40) }),
    receive: Message,
    send: Line,
    id: "seq",
    http: "GET /rooms/:room/chat",
  }),
  said: query({
    summary: "What was said in a room",
    input: z.object({ room: z.string().max(40) }),
    output: z.array(Line),
    http: "GET /rooms/:room",
  }),
});
