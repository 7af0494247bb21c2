/**
 * Owns what a system's contracts promise as a file that can be kept and compared: kinds, shapes, errors, routes, and who may
 * call. It must never hold other policy of the server, nor a validator: what a schema does beyond its shape is not in it.
 */
import { isBytes } from "../bytes.ts";
import { isChannel } from "../channel.ts";
import type { AnyContract } from "../contract.ts";
import { describeSchema, type JsonSchema, type Side } from "../json-schema.ts";
import { type Event, isStream, type Member, type Method, type Output, type StreamOutput } from "../method.ts";
import type { Schema } from "../schema.ts";
import { type HttpPromise, toHttp } from "./http-promise.ts";

/** What a caller of one method relies on. @since 0.1.0 */
export interface MethodPromise {
  readonly kind: Method["kind"];
  /** As a caller gives it. */
  readonly input: JsonSchema;
  readonly answers: "value" | "items" | "bytes";
  /** Of the reply or of one item; absent for bytes. */
  readonly output?: JsonSchema;
  /**
   * Of items: what a reader goes on after, and, of a channel, the shape of those that a caller sends. Absent where the file
   * was made without.
   */
  readonly stream?: { readonly id: string | null; readonly receives: JsonSchema | null };
  /** `bytes` or `raw` where it takes a body. */
  readonly body?: "bytes" | "raw";
  /** Most bytes of the body, and its types; `null` for any. Absent where the file was made without. */
  readonly takes?: { readonly max: number; readonly types: readonly string[] | null };
  /** Data of each declared error; `null` for one without data. */
  readonly errors: Readonly<Record<string, { readonly status: number; readonly data: JsonSchema | null }>>;
  readonly http?: HttpPromise;
  /** Who may call it, in words; absent where the file was made without. */
  readonly access?: string;
}

/** Who may call a method, in words: `public`, `role admin`, `nobody`. */
export type AccessOf = (contract: string, method: string) => string;

/** What a subscriber relies on. @since 0.1.0 */
export interface EventPromise {
  readonly version: number;
  readonly value: JsonSchema;
}

/** The contracts of a system at one time; `skein check --write` makes it. @since 0.1.0 */
export interface ContractsFile {
  readonly skein: "contracts/1";
  readonly system: string;
  readonly contracts: Readonly<
    Record<
      string,
      {
        readonly methods: Readonly<Record<string, MethodPromise>>;
        readonly events: Readonly<Record<string, EventPromise>>;
      }
    >
  >;
}

const errorStatus = 422;

/** The file of these contracts, names in order: the same contracts give the same text. */
export async function toContractsFile(
  system: string,
  contracts: readonly AnyContract[],
  accessOf?: AccessOf,
): Promise<ContractsFile> {
  const named = await Promise.all(
    contracts.map(async ({ name, full }) => {
      const members = sorted(Object.entries(full as Readonly<Record<string, Member>>));
      const methods = members.filter((entry): entry is [string, Method] => entry[1].kind !== "event");
      const events = members.filter((entry): entry is [string, Event] => entry[1].kind === "event");
      const promise = async (method: Method, key: string): Promise<MethodPromise> => ({
        ...(await toMethod(method)),
        ...(accessOf && { access: accessOf(name, key) }),
      });
      return [name, { methods: await each(methods, promise), events: await each(events, toEvent) }] as const;
    }),
  );
  return { skein: "contracts/1", system, contracts: Object.fromEntries(sorted(named)) };
}

async function toMethod({ kind, input, output, body, errors, http }: Method): Promise<MethodPromise> {
  const value = valueOf(output);
  return {
    kind,
    input: await shapeOf(input, "input"),
    answers: isStream(output) ? "items" : value === undefined ? "bytes" : "value",
    ...(value !== undefined && { output: await shapeOf(value, "output") }),
    ...(isStream(output) && { stream: await toStream(output) }),
    ...(body !== undefined && {
      body: body.isRaw ? "raw" : "bytes",
      takes: { max: body.max, types: body.types?.toSorted() ?? null },
    }),
    errors: await each(sorted(Object.entries(errors)), async ({ data, status }) => ({
      status: status ?? errorStatus,
      data: data === undefined ? null : await shapeOf(data, "output"),
    })),
    ...(http !== undefined && { http: toHttp(http) }),
  };
}

async function toStream(output: StreamOutput): Promise<NonNullable<MethodPromise["stream"]>> {
  const receives = isChannel(output) ? await shapeOf(output.receive, "input") : null;
  return { id: output.id ?? null, receives };
}

async function toEvent({ version, schema }: Event): Promise<EventPromise> {
  return { version, value: await shapeOf(schema, "output") };
}

function valueOf(output: Output): Schema | undefined {
  if (isStream(output)) return output.item;
  return isBytes(output) ? undefined : (output as Schema);
}

async function shapeOf(schema: Schema, side: Side): Promise<JsonSchema> {
  return (await describeSchema(schema, side)).json;
}

function sorted<V>(entries: readonly (readonly [string, V])[]): (readonly [string, V])[] {
  return entries.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)));
}

async function each<V, R>(
  entries: readonly (readonly [string, V])[],
  make: (value: V, name: string) => Promise<R>,
): Promise<Record<string, R>> {
  return Object.fromEntries(
    await Promise.all(entries.map(async ([name, value]) => [name, await make(value, name)] as const)),
  );
}

/** Whether a value that was read from a file is one of these; what it does not know it does not judge. */
export function isContractsFile(value: unknown): value is ContractsFile {
  const file = value as Partial<ContractsFile> | null;
  return (
    isRecord(file) &&
    file["skein"] === "contracts/1" &&
    typeof file["system"] === "string" &&
    isRecord(file["contracts"]) &&
    Object.values(file["contracts"]).every(
      (contract) =>
        isRecord(contract) &&
        allOf(contract["methods"], ["kind", "input", "answers", "errors"]) &&
        allOf(contract["events"], ["version", "value"]),
    )
  );
}

function allOf(given: unknown, fields: readonly string[]): boolean {
  return isRecord(given) && Object.values(given).every((one) => isRecord(one) && fields.every((field) => field in one));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
