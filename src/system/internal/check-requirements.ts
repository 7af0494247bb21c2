/** Owns what the check says about requirements: routes that are not there, values that cannot be read. */
import { type Duration, nearest, toMs } from "../../core/index.ts";
import { didYouMean, type Finding, finding } from "../finding.ts";
import { type Declaration, methodsOf } from "../service.ts";
import type { System } from "../system.ts";
import { routeKey } from "./check-routes.ts";

const known = ["load", "p50", "p99"];

export function checkRequirements(system: System, services: readonly Declaration[]): Finding[] {
  const routes = new Map<string, string>();
  for (const { contract, external } of services) {
    if (external !== undefined) continue;
    for (const [, { http }] of methodsOf(contract))
      if (http !== undefined) routes.set(routeKey(http.route), http.route);
  }
  return Object.entries(system.requirements).flatMap(([key, given]) => {
    const where = `requirements "${key}"`;
    const bad = (message: string) => finding("error", "SKEIN_CHECK_REQUIREMENT_VALUE", where, message);
    if (key === "availability")
      return isPercentage(given)
        ? []
        : [bad(`availability is ${show(given)}: write percent, more than 0 and at most 100`)];
    const found: Finding[] = [];
    // What a mounted application answers is not known from declarations.
    const isMounted = system.mounts.some(({ prefix }) => key.slice(key.indexOf(" ") + 1).startsWith(`${prefix}/`));
    if (!routes.has(routeKey(key)) && !isMounted) {
      const message = `no method of ${system.name} has this route${didYouMean(nearest(key, routes.values()))}`;
      found.push(finding("error", "SKEIN_CHECK_REQUIREMENT_ROUTE", where, message));
    }
    return [...found, ...values(given).map(bad)];
  });
}

function values(given: unknown): string[] {
  if (typeof given !== "object" || given === null)
    return [`it is ${show(given)}: write an object with load, p50 or p99`];
  const problems: string[] = [];
  const fields = given as Readonly<Record<string, unknown>>;
  for (const [name, value] of Object.entries(fields)) {
    if (!known.includes(name)) problems.push(`"${name}" is no requirement${didYouMean(nearest(name, known))}`);
    else if (value === undefined) continue;
    else if (name === "load") {
      if (!isLoad(value)) problems.push(`load is ${show(value)}: write calls per second as "200/s"`);
    } else if (msOf(value) === undefined) problems.push(`${name} is ${show(value)}: write a duration as "150ms"`);
  }
  const [p50, p99] = [msOf(fields.p50), msOf(fields.p99)];
  if (p50 !== undefined && p99 !== undefined && p50 > p99)
    problems.push(`p50 is ${show(fields.p50)} and p99 is ${show(fields.p99)}: p50 is never the longer one`);
  return problems;
}

function isLoad(value: unknown): boolean {
  const match = typeof value === "string" ? /^(\d{1,9}(?:\.\d{1,6})?)\/s$/.exec(value) : null;
  return match !== null && Number(match[1]) > 0;
}

function isPercentage(value: unknown): boolean {
  return typeof value === "number" && value > 0 && value <= 100;
}

function msOf(value: unknown): number | undefined {
  try {
    const ms = toMs(value as Duration);
    return ms > 0 ? ms : undefined;
  } catch {
    return undefined;
  }
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  return value === null || typeof value === "number" || typeof value === "boolean" ? String(value) : typeof value;
}
