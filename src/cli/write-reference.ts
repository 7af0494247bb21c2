/**
 * Writes docs/reference/cli.md: `node src/cli/write-reference.ts`. A tool, not part of the layer's door.
 * Must never run on import from the package.
 */
import { writeFileSync } from "node:fs";
import { commands } from "./commands.ts";
import { renderCliReference } from "./help.ts";

writeFileSync(new URL("../../docs/reference/cli.md", import.meta.url), renderCliReference(commands));
