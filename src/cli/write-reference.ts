/**
 * Writes docs/reference/cli.md and configuration.md: `node src/cli/write-reference.ts`. A tool, not part of the layer's door.
 * Must never run on import from the package.
 */
import { writeFileSync } from "node:fs";
import { commands } from "./commands.ts";
import { renderConfigurationReference } from "./environment.ts";
import { renderCliReference } from "./help.ts";

writeFileSync(new URL("../../docs/reference/cli.md", import.meta.url), renderCliReference(commands));
writeFileSync(new URL("../../docs/reference/configuration.md", import.meta.url), renderConfigurationReference());
