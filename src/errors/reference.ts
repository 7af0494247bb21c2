/**
 * The reference page of errors, rendered from the catalogue.
 * Must never hold a fact of its own about a code: the catalogue is the only source.
 */
import { catalogue, type CatalogueRow } from "./catalogue.ts";
import { canonicalStatus } from "./codes.ts";

const areas: Readonly<Record<string, string>> = {
  CALL: "Calls",
  ACCESS: "Access",
  INPUT: "Values",
  OUTPUT: "Values",
  VALUE: "Values",
  ERROR: "Values",
  KEY: "Idempotency keys",
  COMMAND: "Commands",
  DATA: "Databases",
  MIGRATION: "Migrations",
  HTTP: "HTTP",
  STREAM: "Streams",
};

/** Everything that concerns declarations, start-up and the machine. */
const otherArea = "Declarations, start and command line";

const head = `<!-- Generated from src/errors/catalogue.ts by \`node src/errors/write-reference.ts\`. Do not edit. -->

# Errors

Every error has a code that never changes its meaning, and says what is known and what to do.

- **Canonical**: one of the 16 codes that gRPC and Connect share.
- **HTTP**: the status the gateway answers with.
- **Retry**: whether sending the very same call again, a little later, is safe and can succeed.
- **Outcome**: \`not_started\` (nothing ran), \`failed\` (it ran and nothing was kept), \`unknown\` (it may have taken effect).
- **Who**: who must act: the \`caller\`, the \`operator\` of the system, or whoever writes its code (\`bug\`).

Errors that a contract declares have names of their own; they answer 422 unless the contract says otherwise.

Source: [src/errors/catalogue.ts](../../src/errors/catalogue.ts)
`;

/** The whole page, in Markdown. @since 0.1.0 */
export function renderErrorReference(): string {
  const sections = new Map<string, string[]>();
  for (const [code, row] of Object.entries<CatalogueRow>(catalogue)) {
    const area = areas[code.split("_")[1] as string] ?? otherArea;
    const lines = sections.get(area) ?? [];
    lines.push(renderRow(code, row));
    sections.set(area, lines);
  }
  let page = head;
  for (const [area, lines] of sections) {
    page += `\n## ${area}\n\n| Code | Canonical | HTTP | Retry | Outcome | Who | What happened | What to do | Since |\n`;
    page += `|---|---|---|---|---|---|---|---|---|\n${lines.join("\n")}\n`;
  }
  return page;
}

function renderRow(code: string, row: CatalogueRow): string {
  const status = row.status ?? canonicalStatus[row.canonical];
  const cells = [
    `\`${code}\``,
    `\`${row.canonical}\``,
    status,
    row.retry ? "yes" : "no",
    `\`${row.outcome}\``,
    row.who,
  ];
  return `| ${[...cells, escape(row.what), escape(row.fix), row.since].join(" | ")} |`;
}

function escape(text: string): string {
  return text.replaceAll("|", "\\|");
}
