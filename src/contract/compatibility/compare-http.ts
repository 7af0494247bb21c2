/**
 * Owns what changed of a method for clients over HTTP: its route, where fields of its input are read, where those of its reply
 * go. It must never look into a field: shapes are compared for every caller.
 */
import type { JsonSchema } from "../internal/marks.ts";
import { breaking, type ContractChange, skew } from "./change.ts";
import type { MethodPromise } from "./contracts-file.ts";
import type { CookiePromise, HttpPromise } from "./http-promise.ts";

/** What an older version's file does not say has not changed. */
export function compareHttp(where: string, before: MethodPromise, after: MethodPromise): ContractChange[] {
  const [old, now] = [before.http, after.http];
  if (old === undefined) return [];
  if (now === undefined) return [breaking(where, `the route ${old.route} was removed`)];
  const changes: ContractChange[] = [];
  const hasMoved = shapeOfRoute(old.route) !== shapeOfRoute(now.route);
  if (hasMoved) changes.push(breaking(where, `the route was ${old.route}, is ${now.route}`));
  else changes.push(...comparePlaces(where, before, after));
  if (old.status !== now.status) changes.push(breaking(where, `answered ${old.status}, answers ${now.status}`));
  changes.push(...compareReplies(where, before, after));
  if (before.kind === "action" && after.kind === "action") changes.push(...compareKeyed(where, old, now));
  return changes;
}

/** Names in a route are the server's own business. */
function shapeOfRoute(route: string): string {
  return route.replaceAll(/:[^/]+/g, ":");
}

/** Where a field is read. */
interface Places {
  /** Where clients put it who go by the contract. */
  readonly declared: readonly string[];
  /** And wherever it counts as well: what a header does not give may still come with the rest. */
  readonly accepted: readonly string[];
}

function comparePlaces(where: string, before: MethodPromise, after: MethodPromise): ContractChange[] {
  if (before.http?.input === undefined || after.http?.input === undefined) return [];
  const named = [before, after].flatMap((one) => namedFields(one.http));
  const fields = new Set([...Object.keys(before.input.properties ?? {}), ...named]);
  return [...fields].flatMap((field) => {
    // A field that only one of them has is a change of the input.
    if (!mayHave(before.input, field) || !mayHave(after.input, field)) return [];
    const [old, now] = [placesOf(before, field), placesOf(after, field)];
    const change = old.declared.some((place) => !now.accepted.includes(place))
      ? breaking
      : now.declared.some((place) => !old.accepted.includes(place))
        ? skew
        : undefined;
    const [was, is] = [old, now].map(({ declared }) => declared.join(" or ") || "nothing");
    return change === undefined ? [] : [change(`${where} input $.${field}`, `was ${was}, is ${is}`)];
  });
}

function placesOf({ http, body }: MethodPromise, field: string): Places {
  const { route = "", input } = http ?? {};
  const parameter = parametersOf(route).indexOf(field);
  const path = `parameter ${parameter + 1} of the path`;
  if (parameter >= 0) return { declared: [path], accepted: [path] };
  const named = [
    ...keysTo(input?.headers ?? {}, field).map((name) => `the header ${name}`),
    ...keysTo(input?.cookies ?? {}, field).map((name) => `the cookie ${name}`),
    ...(input?.query.includes(field) === true ? ["the query"] : []),
  ];
  const readsQuery = /^(?:GET|DELETE) /.test(route) || body !== undefined;
  const whole = input?.bodyField ?? undefined;
  const inBody = whole === undefined ? ["the body"] : whole === field ? ["the whole body"] : [];
  const rest = readsQuery ? ["the query"] : inBody;
  return { declared: named.length > 0 ? named : rest, accepted: [...named, ...rest] };
}

function namedFields({ route = "", input }: Partial<HttpPromise> = {}): string[] {
  const { headers = {}, cookies = {}, query = [], bodyField } = input ?? {};
  const whole = bodyField === undefined || bodyField === null ? [] : [bodyField];
  return [...parametersOf(route), ...Object.values(headers), ...Object.values(cookies), ...query, ...whole];
}

function parametersOf(route: string): string[] {
  return route.split("/").flatMap((segment) => (segment.startsWith(":") ? [segment.slice(1)] : []));
}

function keysTo(record: Readonly<Record<string, string>>, field: string): string[] {
  return Object.keys(record).filter((key) => record[key] === field);
}

function own<V>(record: Readonly<Record<string, V>>, key: string): V | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Of what nobody can describe, everything may be a field. */
function mayHave(shape: JsonSchema | undefined, field: string): boolean {
  if (shape?.["x-skein"] === "nothing") return false;
  return shape?.properties === undefined || Object.hasOwn(shape.properties, field);
}

function compareReplies(where: string, before: MethodPromise, after: MethodPromise): ContractChange[] {
  const [old, now] = [before.http, after.http];
  if (old?.reply === undefined || now?.reply === undefined) return [];
  const changes: ContractChange[] = [];
  for (const name of Object.keys(old.reply.headers))
    if (!Object.hasOwn(now.reply.headers, name)) changes.push(breaking(`${where} reply header ${name}`, "was removed"));
  for (const [name, cookie] of Object.entries(old.reply.cookies)) {
    const other = own(now.reply.cookies, name);
    const at = `${where} reply cookie ${name}`;
    changes.push(...(other === undefined ? [breaking(at, "was removed")] : compareCookies(at, cookie, other)));
  }
  const taken = takenFields(old.reply);
  for (const field of takenFields(now.reply))
    if (!taken.has(field) && mayHave(before.output, field))
      changes.push(breaking(`${where} output $.${field}`, "is no longer in the body of the reply"));
  return [...changes, ...compareStatuses(`${where} reply status`, old, now)];
}

function takenFields({ headers, cookies, status }: NonNullable<HttpPromise["reply"]>): Set<string> {
  const set = Object.values(cookies).map(({ field }) => field);
  return new Set([...Object.values(headers), ...set, ...(status === null ? [] : [status.field])]);
}

const strictness = ["none", "lax", "strict"];

/** With another path or domain a browser keeps the old one beside it, and one that is there twice is refused. */
function compareCookies(at: string, before: CookiePromise, after: CookiePromise): ContractChange[] {
  const isTighter: Readonly<Record<string, boolean>> = {
    path: before.path !== after.path,
    domain: before.domain !== after.domain,
    sameSite: strictness.indexOf(before.sameSite) < strictness.indexOf(after.sameSite),
    secure: !before.secure && after.secure,
    httpOnly: !before.httpOnly && after.httpOnly,
  };
  return (["path", "domain", "sameSite", "secure", "httpOnly"] as const)
    .filter((name) => isTighter[name])
    .map((name) => breaking(at, `${name} was ${before[name] ?? "none"}, is ${after[name] ?? "none"}`));
}

/** Value by value where one field chooses in both; else by which there are. */
function compareStatuses(at: string, before: HttpPromise, after: HttpPromise): ContractChange[] {
  const [was, is] = [before.reply?.status, after.reply?.status];
  const [old, now] = [was?.is ?? {}, is?.is ?? {}];
  if (was?.field === is?.field) {
    return [...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap((value) => {
      const [one, other] = [own(old, value) ?? before.status, own(now, value) ?? after.status];
      return one === other ? [] : [breaking(`${at} of ${value}`, `was ${one}, is ${other}`)];
    });
  }
  const [known, given] = [
    new Set([before.status, ...Object.values(old)]),
    new Set([after.status, ...Object.values(now)]),
  ];
  return [
    ...[...new Set(Object.values(now))]
      .filter((one) => !known.has(one))
      .map((one) => breaking(at, `may now be ${one}`)),
    ...[...new Set(Object.values(old))].filter((one) => !given.has(one)).map((one) => skew(at, `is no longer ${one}`)),
  ];
}

function compareKeyed(where: string, { keyed: before }: HttpPromise, { keyed: after }: HttpPromise): ContractChange[] {
  if (before === undefined || after === undefined || before === after) return [];
  return after
    ? [skew(where, "keeps the key of a request: an old service does not")]
    : [breaking(where, "kept the key of a request, and does not")];
}
