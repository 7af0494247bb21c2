/** Owns loading the code of every service, for a check that was asked to. It must never run a handler or a hook. */
import { type Finding, finding } from "../finding.ts";
import type { System } from "../system.ts";

export async function checkModules(system: System): Promise<Finding[]> {
  const found: Finding[] = [];
  // One after the other: modules may share what they import, and the first error is then told where it belongs.
  for (const entry of system.services) {
    try {
      await entry.load();
    } catch (error) {
      const reason = (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "";
      found.push(
        finding(
          "error",
          "SKEIN_CHECK_MODULE",
          entry.declaration.name,
          `its code does not load: ${reason.slice(0, 300)}`,
        ),
      );
    }
  }
  return found;
}
