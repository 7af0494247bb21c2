/** What notifications promise: messages for a user, kept until they are read. */
import * as z from "zod";
import { command, contract, query } from "skein/contract";
import { User } from "../accounts/contract.ts";

export const Notify = contract("notify", {
  unread: query({
    input: z.object({ user: User }),
    output: z.object({ greeting: z.string(), messages: z.array(z.object({ id: z.int(), text: z.string() })) }),
  }),
  /** Leaves a message for a user. */
  send: command({
    input: z.object({ user: User, text: z.string().min(1).max(500) }),
    output: z.object({ id: z.int() }),
  }),
});
