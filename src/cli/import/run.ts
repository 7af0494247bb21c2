/** Owns `skein openapi --import`. It must never write over a module in part, nor fetch a document. */
import path from "node:path";
import { skeinError } from "../../errors/index.ts";
import type { Given } from "../command.ts";
import { shorten } from "../find-system.ts";
import { escapeControl } from "../terminal.ts";
import { writeWhole } from "../write-whole.ts";
import { objectOf, readDocument, textOf } from "./document.ts";
import { renderContract } from "./render.ts";

export async function runImport(source: string, given: Given): Promise<number> {
  if (given.arguments.length > 0)
    throw usage("with --import there is no system file: name the document after --import");
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(source)) throw usage("--import takes a file: download the document first");
  const { out, name: wanted, json } = given.options;
  const document = await readDocument(path.resolve(source));
  const name =
    typeof wanted === "string" ? wanted : contractName(textOf(objectOf(document.root["info"])["title"]), source);
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name) || name === "gateway" || name === "skein")
    throw usage(`"${name.slice(0, 80)}" cannot name a contract: give --name with lower-case letters, digits and "-"`);
  const { text, methods, leftOut } = renderContract(document, name, path.basename(source));
  if (typeof out !== "string") {
    process.stdout.write(text);
    return 0;
  }
  const file = path.resolve(out);
  writeWhole(file, text);
  if (json === true) {
    process.stdout.write(`${JSON.stringify({ written: file, name, methods, leftOut })}\n`);
    return 0;
  }
  const left = leftOut.length === 0 ? "" : `, ${leftOut.length} left out`;
  process.stdout.write(`wrote ${shorten(file)}: ${methods} ${methods === 1 ? "method" : "methods"}${left}\n`);
  for (const { operation, why } of leftOut) process.stdout.write(`  ${escapeControl(`${operation}: ${why}`)}\n`);
  return 0;
}

/** From the document's title, else from the name of its file. */
function contractName(title: string | undefined, source: string): string {
  const toName = (text: string) =>
    text
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replace(/^[^a-z]+/, "")
      .slice(0, 40)
      .replace(/-+$/, "");
  const name = toName(title ?? "");
  return name === "" ? toName(path.basename(source).replace(/\.[^.]+$/, "")) : name;
}

function usage(detail: string) {
  return skeinError("SKEIN_CLI_USAGE", detail);
}
