/**
 * Owns what changed of a method's body, and of its items beside their shape. It must never judge a change that an older
 * version's file does not tell of.
 */
import { breaking, type ContractChange, skew } from "./change.ts";
import type { MethodPromise } from "./contracts-file.ts";

export function compareBodies(where: string, { takes: before }: MethodPromise, after: MethodPromise): ContractChange[] {
  const now = after.takes;
  if (before === undefined || now === undefined) return [];
  const at = `${where} body`;
  const changes = compareTypes(at, before.types, now.types);
  if (before.max === now.max) return changes;
  const change = now.max < before.max ? breaking : skew;
  return [...changes, change(at, `max was ${before.max}, is ${now.max}`)];
}

/** `null` is any type. */
function compareTypes(at: string, before: readonly string[] | null, after: readonly string[] | null): ContractChange[] {
  if (after === null) return before === null ? [] : [skew(at, "may now be any type")];
  if (before === null) return [breaking(at, `took any type, takes ${after.join(", ")}`)];
  return [
    ...before.filter((type) => !isAmong(after, type)).map((type) => breaking(at, `no longer takes ${type}`)),
    ...after.filter((type) => !isAmong(before, type)).map((type) => skew(at, `may now be ${type}`)),
  ];
}

function isAmong(types: readonly string[], type: string): boolean {
  return types.some((one) => one === type || (one.endsWith("/*") && type.startsWith(one.slice(0, -1))));
}

export function compareStreams(
  where: string,
  { stream: before }: MethodPromise,
  after: MethodPromise,
): ContractChange[] {
  const now = after.stream;
  if (before === undefined || now === undefined) return [];
  const changes: ContractChange[] = [];
  const [was, is] = [before, now].map(({ receives }) => (receives === null ? "stream" : "channel"));
  if (was !== is) changes.push(breaking(where, `was a ${was}, is a ${is}`));
  const at = `${where} item id`;
  if (before.id !== null && before.id !== now.id)
    changes.push(breaking(at, `was ${before.id}, is ${now.id ?? "none"}`));
  if (before.id === null && now.id !== null)
    changes.push(skew(at, "is new: an old service does not go on after an item"));
  return changes;
}
