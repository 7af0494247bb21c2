/**
 * Owns what changed between two versions of a system's contracts, and what of it breaks who was written for the old one. It
 * must never judge a change by who uses it today: callers outside are not known.
 */
import type { JsonSchema } from "../internal/marks.ts";
import { breaking, type ContractChange, skew } from "./change.ts";
import { compareHttp } from "./compare-http.ts";
import { compareBodies, compareStreams } from "./compare-transfers.ts";
import type { ContractsFile, EventPromise, MethodPromise } from "./contracts-file.ts";
import { type FieldRules, type Misfit, misfits } from "./fits.ts";

/** Who wrote a value and who reads it. */
interface Way {
  readonly level: ContractChange["level"];
  readonly writer: "before" | "after";
  readonly rules: FieldRules;
  readonly isStored?: true;
}

const quiet: FieldRules = { reportsDropped: false, reportsGone: false };
/** Old callers, new service; then the other way round. */
const inputWays: readonly Way[] = [
  { level: "breaking", writer: "before", rules: { reportsDropped: true, reportsGone: false } },
  { level: "skew", writer: "after", rules: quiet },
];
/** New service, old callers; then the other way round. */
const outputWays: readonly Way[] = [
  { level: "breaking", writer: "after", rules: { reportsDropped: false, reportsGone: true } },
  { level: "skew", writer: "before", rules: quiet },
];
/** A command's reply of the old version is given again, by the new one, to whoever has its key. */
const replyWays: readonly Way[] = outputWays.map((way) =>
  way.writer === "before" ? { ...way, level: "breaking", isStored: true } : way,
);
/** Rows of the old version wait in outboxes, and old subscribers read what is new. */
const eventWays: readonly Way[] = [
  { level: "breaking", writer: "after", rules: { reportsDropped: false, reportsGone: true } },
  { level: "breaking", writer: "before", rules: quiet },
];

/** Every change that somebody may notice, breaking ones first; empty when `after` can replace `before`. @since 0.1.0 */
export function compareContracts(before: ContractsFile, after: ContractsFile): ContractChange[] {
  const changes: ContractChange[] = [];
  if (before.system !== after.system)
    changes.push(
      breaking(
        before.system,
        `the system is named ${after.system}, by which neither its hosts nor its callers know it`,
      ),
    );
  for (const [name, old] of Object.entries(before.contracts)) {
    const now = after.contracts[name];
    if (now === undefined) {
      changes.push(breaking(name, "the contract was removed"));
      continue;
    }
    for (const [method, promise] of Object.entries(old.methods)) {
      const where = `${name}.${method}`;
      const other = now.methods[method];
      changes.push(
        ...(other === undefined ? [breaking(where, "the method was removed")] : compareMethods(where, promise, other)),
      );
    }
    for (const [event, promise] of Object.entries(old.events)) {
      const where = `${name}.${event}`;
      const other = now.events[event];
      changes.push(
        ...(other === undefined ? [breaking(where, "the event was removed")] : compareEvents(where, promise, other)),
      );
    }
  }
  const key = ({ level, where, message }: ContractChange): string => [level, where, message].join("\u0000");
  return changes.toSorted((a, b) => (key(a) < key(b) ? -1 : Number(key(a) > key(b))));
}

function compareMethods(where: string, before: MethodPromise, after: MethodPromise): ContractChange[] {
  const changes: ContractChange[] = [];
  if (before.kind !== after.kind) changes.push(breaking(where, `was a ${before.kind}, is a ${after.kind}`));
  if (before.answers !== after.answers)
    changes.push(breaking(where, `answered ${before.answers}, answers ${after.answers}`));
  if (before.body !== after.body)
    changes.push(breaking(where, `took ${before.body ?? "no"} body, takes ${after.body ?? "none"}`));
  changes.push(...compareBodies(where, before, after), ...compareStreams(where, before, after));
  changes.push(...compareHttp(where, before, after), ...compareAccess(where, before, after));
  changes.push(...compareShapes(`${where} input`, before.input, after.input, inputWays));
  if (before.answers === after.answers && before.output !== undefined && after.output !== undefined) {
    const part = before.answers === "items" ? "item" : "output";
    const ways = before.kind === "command" ? replyWays : outputWays;
    changes.push(...compareShapes(`${where} ${part}`, before.output, after.output, ways));
  }
  const [received, receives] = [before.stream?.receives, after.stream?.receives];
  if (received && receives) changes.push(...compareShapes(`${where} received item`, received, receives, inputWays));
  changes.push(...compareErrors(where, before, after));
  return changes;
}

/** Of two that only let in some, nobody knows which lets in more: whoever was let in may not be. */
function compareAccess(where: string, { access: before }: MethodPromise, after: MethodPromise): ContractChange[] {
  const now = after.access;
  // Files of before do not say it.
  if (before === undefined || now === undefined || before === now) return [];
  return now === "public" || before === "nobody" ? [] : [breaking(where, `access was ${before}, is ${now}`)];
}

function compareErrors(where: string, before: MethodPromise, after: MethodPromise): ContractChange[] {
  const changes: ContractChange[] = [];
  for (const [code, old] of Object.entries(before.errors)) {
    const now = after.errors[code];
    const at = `${where} error ${code}`;
    if (now === undefined) {
      changes.push(breaking(at, "was removed"));
      continue;
    }
    if (old.status !== now.status) changes.push(breaking(at, `had the status ${old.status}, has ${now.status}`));
    if (old.data !== null && now.data === null) changes.push(breaking(at, "has lost its data"));
    if (old.data !== null && now.data !== null) changes.push(...compareShapes(at, old.data, now.data, outputWays));
  }
  for (const code of Object.keys(after.errors)) {
    if (!Object.hasOwn(before.errors, code))
      changes.push(skew(`${where} error ${code}`, "is new: old callers do not tell it apart"));
  }
  return changes;
}

function compareEvents(where: string, before: EventPromise, after: EventPromise): ContractChange[] {
  if (after.version < before.version)
    return [breaking(where, `had version ${before.version}, has ${after.version}: versions only go up`)];
  if (after.version > before.version) {
    const message = `has version ${after.version} after ${before.version}: subscribers must know both before it is published`;
    return [skew(where, message)];
  }
  return compareShapes(`${where} value`, before.value, after.value, eventWays);
}

function compareShapes(where: string, before: JsonSchema, after: JsonSchema, ways: readonly Way[]): ContractChange[] {
  const seen = new Set<string>();
  return ways.flatMap(({ level, writer, rules, isStored }) => {
    const found = writer === "before" ? misfits(before, after, rules) : misfits(after, before, rules);
    return found.flatMap((misfit) => {
      // What breaks is not said again as what may.
      if (seen.has(misfit.path)) return [];
      seen.add(misfit.path);
      const message = describe(misfit, writer);
      const change = { level, where: `${where} ${misfit.path}` };
      return isStored
        ? { ...change, message: `${message}, unlike replies stored under keys`, isStored }
        : { ...change, message };
    });
  });
}

function describe({ rule, written, read }: Misfit, writer: Way["writer"]): string {
  const isOld = writer === "before";
  if (rule === "required") return isOld ? "was optional, is required" : "was always there, may be missing";
  if (rule === "absent") return isOld ? "is new and required" : "was removed";
  if (rule === "unknown") return "was removed, and callers still send it";
  const [was, is] = isOld ? [written, read] : [read, written];
  if (rule === "enum") {
    const values = Array.isArray(written) ? written.map((value) => JSON.stringify(value)).join(", ") : String(written);
    return isOld ? `no longer takes ${values}` : `may now be ${values}`;
  }
  if (rule === "type") return `was ${shown(was)}, is ${shown(is)}`;
  if (was === undefined) return `has the ${rule} ${shown(is)}, and had none`;
  if (is === undefined) return `had the ${rule} ${shown(was)}, and has none`;
  return `${rule} was ${shown(was)}, is ${shown(is)}`;
}

function shown(value: unknown): string {
  if (value === undefined) return "anything";
  return typeof value === "string" ? value : JSON.stringify(value);
}
