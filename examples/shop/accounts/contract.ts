/** What accounts promise: who a user is. Guests have a profile too, made up from their name. */
import * as z from "zod";
import { command, contract, query } from "skein/contract";
import { line } from "../values.ts";

export const User = line(100).min(1);
export const Profile = z.object({
  user: User,
  name: line(100),
  currency: z.string().length(3),
  newsletter: z.boolean(),
});

export const Accounts = contract("accounts", {
  profile: query({ input: z.object({ user: User }), output: Profile }),
  /** What the shop may show this user. */
  preferences: query({ input: z.object({ user: User }), output: z.object({ currency: z.string(), perPage: z.int() }) }),
  save: command({ input: Profile, output: Profile }),
});
