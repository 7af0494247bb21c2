/**
 * Owns the command `skein check`: what a system is, and what is wrong with it. It must never run a
 * service, and loads the code of one only when asked to.
 */
import path from "node:path";
import type { Kind } from "../contract/index.ts";
import { checkSystem } from "../system/check.ts";
import { type Finding, finding, sortFindings } from "../system/finding.ts";
import { endpointGraph } from "../system/graph.ts";
import { type Access, methodsOf, type System } from "../system/index.ts";
import { checkMounted, type MountLine } from "./check-mounts.ts";
import type { Given } from "./command.ts";
import { budgetFindings, budgetOf, renderBudgets } from "./connections.ts";
import { tryPlacement } from "./load-placement.ts";
import { contractsOf } from "../system/check-contracts.ts";
import { changesSince, writeContracts } from "./contracts.ts";
import { findSystemFile, shorten } from "./find-system.ts";
import { loadSystem } from "./load-system.ts";
import { renderFinding } from "./finding.ts";
import { createPaint, escapeControl, wantsColour } from "./terminal.ts";

/** One endpoint, as the check sees it. */
interface EndpointLine {
  readonly id: string;
  readonly kind: Kind;
  /** `"GET /orders"` */
  readonly http?: string;
  /** `"none"` when the policy does not say: then nobody may call it. */
  readonly access: string;
  /** URL of the service that somebody else runs. */
  readonly external?: string;
  /** URL of the service in another language. */
  readonly foreign?: string;
  /** Endpoints that it may call: every used method that its kind allows. */
  readonly calls: readonly string[];
}

export async function runCheck(given: Given): Promise<number> {
  const load = given.options["load"] === true;
  const isJson = given.options["json"] === true;
  // What a module or an application prints while it loads is not the check's answer.
  if (isJson) console.log = console.info = console.debug = console.error;
  const file = findSystemFile(given.arguments[0]);
  const system = await loadSystem(file);
  const mounted = await checkMounted(system, load);
  const placed = await checkPlacement(given.options, system);
  const findings = sortFindings([
    ...(await checkSystem(system, { load })),
    ...mounted.findings,
    ...placed.findings,
    ...(await keep(given.options, system, file)),
  ]);
  const endpoints = endpointsOf(system);
  const { mounts } = mounted;
  if (isJson) {
    const services = [...system.services.map((entry) => entry.declaration.name), ...mounts.map(({ name }) => name)];
    process.stdout.write(
      `${JSON.stringify({ system: system.name, services, endpoints, mounts, connections: placed.budgets, findings })}\n`,
    );
  } else {
    process.stdout.write(renderCheck(system, endpoints.length, mounts, findings, wantsColour(process.stdout)));
    process.stdout.write(renderBudgets(placed.budgets ?? []));
    if (!load) process.stdout.write("declarations only: the services' code was not loaded; --load loads it too\n");
  }
  const code = findings.some((finding) => finding.level === "error") ? 1 : 0;
  if (mounts.some(({ kind }) => kind !== undefined)) await leave(code);
  return code;
}

/** Compares before it writes: `--write --against` of one file says what is about to be accepted. */
async function keep({ write, against }: Given["options"], system: System, file: string): Promise<Finding[]> {
  if (write === undefined && against === undefined) return [];
  const contracts = await contractsOf(system);
  const changes = typeof against === "string" ? await changesSince(against, contracts, file) : [];
  if (typeof write === "string") {
    writeContracts(contracts, write);
    process.stderr.write(`wrote ${shorten(path.resolve(write))}\n`);
  }
  return changes;
}

/** What is wrong with a placement, and what it needs of the databases' servers. */
async function checkPlacement({ placement: file, connect }: Given["options"], system: System) {
  if (typeof file !== "string") return { findings: [], budgets: undefined };
  const shown = shorten(path.resolve(file));
  const { placement, issues } = tryPlacement(path.resolve(file), system);
  const findings = issues.map(({ path: at, message }) =>
    finding("error", "SKEIN_PLACEMENT_INVALID", `${shown} ${at}`, message, "correct it, and check it again"),
  );
  if (placement === undefined) return { findings, budgets: undefined };
  const budgets = await budgetOf(system, placement, process.env, connect === true);
  return { findings: [...findings, ...budgetFindings(budgets, shown)], budgets };
}

/** An application may keep what it opened (a pool, a timer) for as long as its process lives: this one is done. */
async function leave(code: number): Promise<void> {
  await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
  process.exit(code);
}

/** Every endpoint of a system, in the order of its services. */
export function endpointsOf(system: System): EndpointLine[] {
  const { calls } = endpointGraph(system.services.map((entry) => entry.declaration));
  return system.services.flatMap(({ declaration }) =>
    methodsOf(declaration.contract).map(([name, method]) => ({
      id: `${declaration.name}.${name}`,
      kind: method.kind,
      ...(method.http !== undefined && { http: method.http.route }),
      ...(declaration.external !== undefined && { external: declaration.external.url }),
      ...(declaration.foreign !== undefined && { foreign: declaration.foreign.url }),
      access: accessText(declaration.policy[name]?.access),
      calls: calls.get(`${declaration.name}.${name}`) ?? [],
    })),
  );
}

function accessText(access: Access | undefined): string {
  if (access === undefined) return "none";
  return typeof access === "string" ? access : `role ${access.role}`;
}

function renderCheck(
  system: System,
  endpoints: number,
  mounts: readonly MountLine[],
  findings: readonly Finding[],
  isColoured: boolean,
): string {
  const paint = createPaint(isColoured);
  const errors = findings.filter((finding) => finding.level === "error");
  const warnings = findings.filter((finding) => finding.level === "warning");
  const services = system.services.length;
  let text = `${paint("bold", escapeControl(system.name))}: ${count(services, "service")}, ${count(endpoints, "endpoint")}\n`;
  for (const { name, prefix, kind, routes } of mounts) {
    const what = routes === undefined ? "not loaded" : `${kind}, ${count(routes.length, "route")}`;
    text += `${escapeControl(name)} is mounted at ${prefix}: ${what}\n`;
  }
  for (const [title, group] of [
    [paint("red", "Errors"), errors] as const,
    [paint("yellow", "Warnings"), warnings] as const,
  ]) {
    if (group.length === 0) continue;
    text += `\n${title}\n`;
    for (const finding of group.toSorted((a, b) => a.where.localeCompare(b.where))) {
      text += `  ${renderFinding(finding, paint).trimEnd().replaceAll("\n", "\n  ")}\n`;
    }
  }
  for (const { declaration } of system.services) {
    const elsewhere = declaration.external ?? declaration.foreign;
    if (elsewhere === undefined) continue;
    const { url, variable } = elsewhere;
    text += `  ${declaration.external === undefined ? "foreign" : "external"} ${declaration.name}: ${escapeControl(url)}, or ${variable} of the environment\n`;
  }
  const verdict = errors.length > 0 ? paint("red", count(errors.length, "error")) : paint("green", "no errors");
  return `${text}\n${verdict}${warnings.length > 0 ? `, ${count(warnings.length, "warning")}` : ""}\n`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
