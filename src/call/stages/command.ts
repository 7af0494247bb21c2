/** Owns running a command: its reply is what its one transaction stored. It must never store anything itself. */
import type { Schema } from "../../contract/index.ts";
import { skeinError } from "../../errors/index.ts";
import type { Effect } from "../effect.ts";
import type { CallScope } from "../scope.ts";
import { parseOutput } from "./parse.ts";

/** The reply of a command. */
export async function runCommand(scope: CallScope, effect: Effect, input: unknown): Promise<unknown> {
  const { endpoint } = scope;
  if (effect.key !== undefined) {
    await endpoint.database?.recall?.(effect);
    if (effect.isReplayed) return effect.reply;
  }
  let returned: unknown;
  try {
    returned = await endpoint.handler(input, endpoint.own(scope), scope);
  } catch (error) {
    // The key was claimed by an earlier call while this one ran; the data layer left the handler by an exception.
    if (effect.isReplayed) return effect.reply;
    throw error;
  }
  if (effect.isReplayed) return effect.reply;
  if (!effect.isCommitted) return withoutTransaction(scope, returned);
  if (!effect.isReplyOf(returned)) {
    complain(scope, () =>
      skeinError("SKEIN_COMMAND_REPLY", `${endpoint.id} returned something else than its transaction did`),
    );
  }
  return effect.reply;
}

function withoutTransaction(scope: CallScope, returned: unknown): unknown {
  complain(scope, () =>
    skeinError("SKEIN_COMMAND_NO_TRANSACTION", `${scope.endpoint.id} returned without a transaction`),
  );
  return parseOutput(scope, scope.endpoint.method.output as Schema, returned);
}

/** A mistake of the service's author: thrown where it is being written, logged where users would suffer for it. */
function complain(scope: CallScope, make: () => Error): void {
  const error = make();
  if (scope.runtime.mode !== "production") throw error;
  scope.log.warn(error.message, { endpoint: scope.endpoint.id });
}
