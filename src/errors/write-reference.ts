/**
 * Writes docs/reference/errors.md: `node src/errors/write-reference.ts`. A tool, not part of the layer's door.
 * Must never run on import from the package.
 */
import { writeFileSync } from "node:fs";
import { renderErrorReference } from "./reference.ts";

writeFileSync(new URL("../../docs/reference/errors.md", import.meta.url), renderErrorReference());
