/** Owns reading a placement file for a system. It must never leave a person without the path of what is wrong in it. */
import { readFileSync } from "node:fs";
import { isSkeinError, skeinError } from "../errors/index.ts";
import { type Placement, type PlacementIssue, readPlacement, type System } from "../system/index.ts";
import { shorten } from "./find-system.ts";

/** Largest file that is read: a placement of every group and service there may be has far less. */
const bytesMax = 1_048_576;

/** Throws `SKEIN_PLACEMENT_INVALID`, naming the file. */
export function loadPlacement(file: string, system: System): Placement {
  const shown = shorten(file);
  let value: unknown;
  try {
    const text = readFileSync(file, "utf8");
    if (text.length > bytesMax) throw new Error(`it has more than ${bytesMax} characters`);
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw skeinError("SKEIN_PLACEMENT_INVALID", `${shown} cannot be read: ${reason}`, { cause: error });
  }
  try {
    return readPlacement(value, system);
  } catch (error) {
    if (!isSkeinError(error)) throw error;
    throw skeinError("SKEIN_PLACEMENT_INVALID", `${shown}: ${error.message}`, { cause: error, data: error.data });
  }
}

/** A placement file, or what is wrong with it, one by one. */
export function tryPlacement(
  file: string,
  system: System,
): { readonly placement?: Placement; readonly issues: readonly PlacementIssue[] } {
  try {
    return { placement: loadPlacement(file, system), issues: [] };
  } catch (error) {
    if (!isSkeinError(error)) throw error;
    const { issues } = (error.data ?? {}) as { readonly issues?: readonly PlacementIssue[] };
    return { issues: issues ?? [{ path: "placement", message: error.message }] };
  }
}
