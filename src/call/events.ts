/** Owns the check and the text of an event that a transaction emits. It must never deliver one. */
import { encodeValue, type Member, toIssues, validate } from "../contract/index.ts";
import { copyValue } from "../core/index.ts";
import { skeinError } from "../errors/index.ts";
import type { Declaration } from "../system/index.ts";

export async function encodeEvent(
  declaration: Declaration,
  name: string,
  value: unknown,
): Promise<{ version: number; payload: string }> {
  const event = (declaration.contract.full as Record<string, Member>)[name];
  if (event?.kind !== "event") {
    throw skeinError(
      "SKEIN_SERVICE_INVALID",
      `${declaration.name} emits "${name}", which its contract does not declare as an event`,
    );
  }
  const result = await validate(event.schema, copyValue(value));
  if (result.issues !== undefined) {
    throw skeinError("SKEIN_OUTPUT_INVALID", `${declaration.name} emits "${name}" with a value its schema refuses`, {
      data: { issues: toIssues(result.issues) },
    });
  }
  return { version: event.version, payload: encodeValue(result.value) };
}
