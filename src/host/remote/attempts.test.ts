/** Proves whom a failed call is held against. It must never need a socket: replicas are made up. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { skeinError } from "../../errors/index.ts";
import { account, type Sending } from "./attempts.ts";

/** What is done to the replica for this failure. */
function heldAgainst(error: ReturnType<typeof skeinError>): readonly string[] {
  const done: string[] = [];
  const replica = { fullMs: 0, answered: 0 };
  const group = { lost: () => done.push("lost"), blame: () => done.push("blamed") };
  account({ group, replica } as unknown as Sending, error, 1);
  return done;
}

test("a connection that was lost is held against its replica; one further on against nobody here", () => {
  assert.deepEqual(heldAgainst(skeinError("SKEIN_TRANSPORT_LOST")), ["lost"]);
  assert.deepEqual(heldAgainst(skeinError("SKEIN_TRANSPORT_LOST", "further on", { attempts: 1 })), []);
});
