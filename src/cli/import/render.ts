/** Owns the text of a contract module. It must never write a text of the document anywhere but in quotes or a comment. */
import { objectOf, type OpenApiDocument, listOf, textOf } from "./document.ts";
import { type ImportedMethod, type LeftOut, operationsOf } from "./operations.ts";
import { commentText, keyText, pascal } from "./names.ts";
import { indent, Schemas } from "./schemas.ts";

export interface ImportedContract {
  /** TypeScript. */
  readonly text: string;
  readonly methods: number;
  readonly leftOut: readonly LeftOut[];
}

/** `name` names the contract; `source` is the document's file, for the first comment. */
export function renderContract(document: OpenApiDocument, name: string, source: string): ImportedContract {
  const schemas = new Schemas(document);
  const constant = schemas.names.take(pascal(name, "api"));
  const { methods, leftOut } = operationsOf(document, schemas);
  const verbs = [...new Set(methods.map(({ kind }) => kind))].toSorted();
  const parts = [
    header(document, name, constant, source),
    `import * as z from "zod";\nimport { ${[...verbs, "contract"].toSorted().join(", ")} } from "skein/contract";`,
    ...schemas.declarations(),
    `export const ${constant} = contract(${JSON.stringify(name)}, {\n${indent(methods.flatMap(methodLines))}\n});`,
    ...(leftOut.length === 0 ? [] : [leftOutText(leftOut)]),
  ];
  return { text: `${parts.join("\n\n")}\n`, methods: methods.length, leftOut };
}

function header({ root }: OpenApiDocument, name: string, constant: string, source: string): string {
  const info = objectOf(root["info"]);
  const title = commentText(`${textOf(info["title"]) ?? name} ${textOf(info["version"]) ?? ""}`);
  const given = textOf(objectOf(listOf(root["servers"])[0])["url"]) ?? "";
  // A path alone is relative to where the document came from, which a file does not know.
  const isWhole = /^https?:\/\//i.test(given);
  const url = isWhole ? given : "https://...";
  const schemes = Object.entries(objectOf(objectOf(root["components"])["securitySchemes"])).map(
    ([key, scheme]) => `${commentText(key)} (${commentText(String(objectOf(scheme)["type"]))})`,
  );
  const proof =
    schemes.length === 0
      ? []
      : [` * It asks for proof of who calls: ${schemes.join(", ")}; see \`authorization\` and \`headers\`.`];
  return [
    "/**",
    ` * What ${title} offers, from ${commentText(source)} by \`skein openapi --import\`. It is yours: correct what the document gets wrong.`,
    ` * In a system: external(${constant}, { url: ${JSON.stringify(commentText(url))} })${isWhole ? "" : "; the document does not say where it is"}`,
    ...proof,
    " */",
  ].join("\n");
}

function methodLines(method: ImportedMethod): string[] {
  const { name, kind, summary, input, output, errors, notes } = method;
  const lines = [
    ...(summary === undefined ? [] : [`summary: ${JSON.stringify(commentText(summary))},`]),
    ...(input === undefined ? [] : `input: ${input},`.split("\n")),
    ...(output === undefined ? [] : `output: ${output},`.split("\n")),
    `http: ${httpText(method)},`,
    ...(errors.length === 0
      ? []
      : ["errors: {", ...errors.map(errorLine).flatMap((line) => indent([line]).split("\n")), "},"]),
  ];
  return [
    ...notes.map((note) => `// ${commentText(note)}`),
    `${name}: ${kind}({`,
    ...lines.map((line) => `  ${line}`),
    "}),",
  ];
}

function errorLine({ code, status, data }: ImportedMethod["errors"][number]): string {
  return `${code}: { status: ${status}${data === undefined ? "" : `, data: ${data}`} },`;
}

function httpText({ route, status, headers, query, bodyField, isKeyed }: ImportedMethod): string {
  const mapped = Object.entries(headers).map(([header, field]) => `${keyText(header)}: ${JSON.stringify(field)}`);
  const parts = [
    ...(status === undefined ? [] : [`status: ${status}`]),
    ...(mapped.length === 0 ? [] : [`headers: { ${mapped.join(", ")} }`]),
    ...(query.length === 0 ? [] : [`query: ${JSON.stringify(query)}`]),
    ...(bodyField === undefined ? [] : [`bodyField: ${JSON.stringify(bodyField)}`]),
    ...(isKeyed ? ["keyed: true"] : []),
  ];
  return parts.length === 0 ? JSON.stringify(route) : `{ route: ${JSON.stringify(route)}, ${parts.join(", ")} }`;
}

function leftOutText(leftOut: readonly LeftOut[]): string {
  const lines = leftOut.map(({ operation, why }) => `// - ${commentText(operation)}: ${commentText(why)}`);
  return `// Left out, because this version of Skein cannot say it:\n${lines.join("\n")}`;
}
