/**
 * Owns the file that `skein client` writes: the types of every method with a route, and the table a client is made of. It
 * must never write anything but what the contracts say: no time, no version, no name of a machine.
 */
import { describeSchema, type JsonSchema, type SchemaShape } from "../../contract/shapes.ts";
import {
  type HttpRoute,
  isBytes,
  isChannel,
  isStream,
  type Method,
  nothing,
  type Schema,
} from "../../contract/index.ts";
import type { System } from "../../system/index.ts";
import { type Route, routesOf } from "../router.ts";
import type { HttpMethod, HttpTable } from "../../contract/http-client/index.ts";
import { edited, headFieldsOf } from "./reply-fields.ts";
import { slotsOf } from "./slots.ts";
import { indent, keyText, literal } from "./text.ts";
import { docText, toTypeName, Types } from "./type-text.ts";

/** Something that the file has as `unknown`, and why. */
export interface UntypedPart {
  /** `orders.place` */
  readonly method: string;
  /** `"input"`, `"output"` or the name of a declared error. */
  readonly part: string;
  readonly path: string;
  readonly why: string;
}

export interface ClientFile {
  readonly text: string;
  readonly methods: number;
  readonly untyped: readonly UntypedPart[];
  /** Methods that have a route and are not in the file. */
  readonly leftOut: readonly string[];
}

/** What a method of the file is made of. */
interface Rendered {
  readonly signature: string;
  readonly entry: HttpMethod;
}

interface Work {
  readonly types: Types;
  readonly imports: Set<string>;
  readonly untyped: UntypedPart[];
}

/** The table of the file, as the value that it is. */
export async function tableOf(system: System): Promise<HttpTable> {
  const work: Work = { types: new Types([]), imports: new Set(), untyped: [] };
  const table: Record<string, Record<string, HttpMethod>> = {};
  for (const route of routesOf(system).filter((each) => !isLeftOut(each)))
    (table[route.service] ??= {})[route.name] = (await renderMethod(route, work)).entry;
  return table;
}

/** The TypeScript client of every route of a system. @since 0.1.0 */
export async function renderClient(system: System): Promise<ClientFile> {
  const types = new Types(reserved);
  const work: Work = { types, imports: new Set(["createHttpClient", "HttpClientOptions", "HttpTable"]), untyped: [] };
  const services = new Map<string, { readonly type: string; readonly methods: Map<string, Rendered> }>();
  const all = routesOf(system);
  const routes = all.filter((route) => !isLeftOut(route));
  const leftOut = all.filter(isLeftOut).map((route) => route.id);
  for (const route of routes) {
    let service = services.get(route.service);
    if (service === undefined) {
      service = { type: types.take(`${toTypeName(route.service)}Client`), methods: new Map() };
      services.set(route.service, service);
    }
    service.methods.set(route.name, await renderMethod(route, work));
  }
  const clients = [...services].map(([name, { type, methods }]) => {
    const lines = [...methods.values()].map((method) => method.signature).join("\n");
    return `${docText(`The methods of \`${name}\`.`)}export interface ${type} {\n${indent(lines)}\n}\n`;
  });
  const parts = [
    headOf(system.name, routes.length, leftOut, work.imports),
    `${docText("The services that can be called over HTTP.")}export interface Client {\n${indent(
      [...services].map(([name, { type }]) => `readonly ${keyText(name)}: ${type};`).join("\n"),
    )}\n}\n`,
    createText,
    ...clients,
    ...types.declarations(),
    tableText(services),
  ];
  return { text: parts.join("\n"), methods: routes.length, untyped: work.untyped, leftOut };
}

/** Names that the file uses for something else. */
const reserved = [
  ..."Client createClient methods CallOptions CallPromise DeclaredErrors HttpClientOptions HttpTable".split(" "),
  ..."StreamCallOptions DownloadCallOptions BodyCallOptions Download Date Uint8Array AsyncIterable Record".split(" "),
];

const createText = `/** A client of the gateway at \`options.baseUrl\`. */
export function createClient(options: HttpClientOptions): Client {
  return createHttpClient<Client>(methods, options);
}
`;

function headOf(system: string, count: number, leftOut: readonly string[], imports: ReadonlySet<string>): string {
  const names = [...imports].toSorted().map((name) => (name === "createHttpClient" ? name : `type ${name}`));
  return `/* eslint-disable */
// Written by \`skein client\` from the contracts of ${JSON.stringify(system)}: ${count} method${count === 1 ? "" : "s"}. Do not edit: run it again.
// It needs only skein/client, and runs in browsers.
${leftOut.length === 0 ? "" : `// Left out, since a channel is a WebSocket and not a request: ${leftOut.join(", ")}.\n`}import {
${indent(names.map((name) => `${name},`).join("\n"))}
} from "skein/client";
`;
}

function tableText(services: ReadonlyMap<string, { readonly methods: ReadonlyMap<string, Rendered> }>): string {
  const lines = [...services].map(([service, { methods }]) => {
    const entries = [...methods].map(([name, { entry }]) => `${keyText(name)}: ${literal(entry)},`);
    return `${keyText(service)}: {\n${indent(entries.join("\n"))}\n},`;
  });
  const about =
    "How each method is called: its kind, its route, and where its answer has more than JSON has words for.";
  return `${docText(about)}const methods: HttpTable = {\n${indent(lines.join("\n"))}\n};\n`;
}

async function renderMethod(route: Route, work: Work): Promise<Rendered> {
  const { method } = route;
  const name = toTypeName(route.service) + toTypeName(route.name);
  const whole = method.input === nothing ? undefined : await describe(route, "input", method.input, work);
  const input = whole && edited(whole, { optional: route.cookies.map(([, field]) => field) });
  const isDownload = isBytes(method.output);
  const answer = isStream(method.output) ? method.output.item : isBytes(method.output) ? nothing : method.output;
  const full = await describe(route, "output", answer, work);
  const head = headFieldsOf(route, full);
  const output = edited(full, head);
  const takes =
    input === undefined
      ? "input?: undefined"
      : `input: ${work.types.declare(`${name}Input`, input, "input", `What \`${route.id}\` takes.`)}`;
  const about = route.isStream ? `One item of \`${route.id}\`.` : `What \`${route.id}\` answers.`;
  const gives = isNothing(output)
    ? "void"
    : work.types.declare(`${name}${route.isStream ? "Item" : "Output"}`, output, "output", about);
  const errors = await renderErrors(route, name, work);
  const options = [
    route.isStream ? "StreamCallOptions" : isDownload ? "DownloadCallOptions" : "CallOptions",
    ...(method.body === undefined ? [] : ["BodyCallOptions"]),
  ];
  const result = route.isStream
    ? `AsyncIterable<${gives}>`
    : isDownload
      ? "Download"
      : `CallPromise<${gives}, ${errors.type}>`;
  for (const name of options) work.imports.add(name);
  if (!route.isStream) work.imports.add(isDownload ? "Download" : "CallPromise");
  const given = `options${method.body === undefined ? "?" : ""}: ${options.join(" & ")}`;
  const doc = [method.summary, `\`${route.verb} ${route.path}\`, ${article(method)} ${method.kind}.`];
  return {
    signature: `${docText(doc.filter((line) => line !== undefined).join("\n\n"))}${keyText(route.name)}(${takesOf(takes, method)}, ${given}): ${result};`,
    entry: {
      kind: method.kind,
      http: `${route.verb} ${route.path}` as HttpRoute,
      ...(route.headers.length > 0 && { headers: Object.fromEntries(route.headers) }),
      ...(route.cookies.length > 0 && { cookies: Object.fromEntries(route.cookies) }),
      ...(route.query.length > 0 && { query: route.query }),
      ...(route.bodyField !== undefined && { bodyField: route.bodyField }),
      ...(method.kind === "action" && method.http?.keyed === true && { keyed: true as const }),
      ...(method.body !== undefined && { body: { max: method.body.max } }),
      ...(isDownload && { download: true as const }),
      ...(isStream(method.output) && { stream: method.output.id === undefined ? {} : { id: method.output.id } }),
      ...withSlots("answer", output.json),
      ...(head.reply !== undefined && { reply: head.reply }),
      ...(Object.keys(errors.entries).length > 0 && { errors: errors.entries }),
    },
  };
}

async function renderErrors(route: Route, name: string, work: Work) {
  const entries: Record<string, object> = {};
  const fields: string[] = [];
  for (const [code, spec] of Object.entries(route.method.errors)) {
    const data = spec.data === undefined ? undefined : await describe(route, code, spec.data, work);
    const type = data === undefined ? "undefined" : work.types.inline(`${name}${toTypeName(code)}`, data, "output");
    fields.push(`readonly ${code}: ${type};`);
    const entry = {
      ...(spec.canonical !== undefined && { canonical: spec.canonical }),
      ...(data !== undefined && withSlots("data", data.json)),
    };
    if (Object.keys(entry).length > 0) entries[code] = entry;
  }
  // The errors of a stream or a download come while it is read, where TypeScript has no place for their types.
  if (fields.length === 0 || route.isStream || isBytes(route.method.output))
    return { type: "Record<never, never>", entries };
  work.imports.add("DeclaredErrors");
  const type = work.types.take(`${name}Errors`);
  work.types.add(
    `${docText(`The errors that \`${route.id}\` declares, with their data.`)}export type ${type} = DeclaredErrors<{\n${indent(fields.join("\n"))}\n}>;\n`,
  );
  return { type, entries };
}

async function describe(route: Route, part: string, schema: Schema, work: Work): Promise<SchemaShape> {
  const shape = await describeSchema(schema, part === "input" ? "input" : "output");
  for (const { path, found } of shape.outside) work.untyped.push({ method: route.id, part, path, why: found });
  if (shape.note !== undefined) work.untyped.push({ method: route.id, part, path: "$", why: shape.note });
  return shape.note === undefined ? shape : { ...shape, outside: [{ path: "$", found: shape.note }] };
}

function withSlots(name: string, json: JsonSchema): object {
  const slots = slotsOf(json);
  return slots === undefined ? {} : { [name]: slots };
}

/** What must be given cannot stand behind what may be left out. */
function takesOf(takes: string, method: Method): string {
  return method.body === undefined ? takes : takes.replace("input?:", "input:");
}

function isLeftOut({ method }: Route): boolean {
  return isChannel(method.output);
}

function isNothing(shape: SchemaShape): boolean {
  return shape.json["x-skein"] === "nothing";
}

function article(method: Method): string {
  return method.kind === "action" ? "an" : "a";
}
