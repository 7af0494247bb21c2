/**
 * Owns reading a placement: its form, then how it fits its system, everything that is wrong at once. It must never guess
 * what was meant; it suggests.
 */
import { nearest } from "../../core/index.ts";
import { skeinError } from "../../errors/index.ts";
import { didYouMean } from "../finding.ts";
import type { System } from "../system.ts";
import { parseMemory } from "./memory.ts";
import {
  gatewayService,
  groupsMax,
  laterKeys,
  type Pin,
  type Placement,
  type PlacementGroup,
  type PlacementIssue,
  replicasMax,
} from "./placement.ts";

const groupName = /^[a-z][a-z0-9-]{0,31}$/;
/** What a group may be called, in words. */
export const groupNameRule = 'lower-case letters, digits and "-", at most 32, the first one a letter';
const topKeys = ["$schema", "groups", "pins", "rest"];
const groupKeys = ["memory", "replicas", "services", "singleton"];
const pinKeys = ["never", "with"];

/**
 * The placement that a JSON value says, for this system. Throws `SKEIN_PLACEMENT_INVALID` with every issue in its data.
 * @since 0.1.0
 */
export function readPlacement(value: unknown, system: System): Placement {
  const reading = new Reading(system);
  const placement = reading.read(value);
  if (reading.issues.length === 0) return placement;
  const [first] = reading.issues;
  const more = reading.issues.length === 1 ? "" : ` (and ${reading.issues.length - 1} more)`;
  throw skeinError("SKEIN_PLACEMENT_INVALID", `${first?.path}: ${first?.message}${more}`, {
    data: { issues: reading.issues.map((issue) => ({ ...issue })) },
  });
}

/** Everything of a system in one process, the placement it has when nobody says another. @since 0.1.0 */
export function onePlacement(system: System): Placement {
  return readPlacement({ rest: "one", groups: { one: { services: [] } } }, system);
}

export function isGroupName(name: string): boolean {
  return groupName.test(name);
}

class Reading {
  readonly issues: PlacementIssue[] = [];
  readonly #known: readonly string[];
  /** Started by somebody else, called from every host: there is nothing to place. */
  readonly #foreign: ReadonlySet<string>;

  constructor(system: System) {
    const services = system.services.map(({ declaration }) => declaration);
    this.#foreign = new Set(services.filter(({ foreign }) => foreign !== undefined).map(({ name }) => name));
    const names = new Set(services.map(({ name }) => name));
    this.#known = [gatewayService, ...[...names].filter((name) => !this.#foreign.has(name))];
  }

  read(value: unknown): Placement {
    const top = this.#object("placement", value, topKeys);
    const given = this.#object("groups", top["groups"] ?? {}, undefined);
    const names = Object.keys(given);
    if (names.length === 0) this.#say("groups", "a placement has at least one group");
    if (names.length > groupsMax) this.#say("groups", `a placement has at most ${groupsMax} groups`);
    const groups: Record<string, PlacementGroup> = {};
    for (const name of names.slice(0, groupsMax)) {
      if (isGroupName(name)) groups[name] = this.#group(`groups.${name}`, given[name]);
      else this.#say(`groups.${name}`, `a group is named in ${groupNameRule}`);
    }
    this.#placeRest(groups, top["rest"]);
    // Only what is left out says nothing: `null` is refused, as in the JSON Schema that editors go by.
    const { pins: pinned = {} } = top;
    const pins = this.#pins(pinned);
    if (this.issues.length === 0) this.#checkPins(groups, pins);
    for (const [name, { isSingleton, services }] of Object.entries(groups)) {
      if (isSingleton && services.includes(gatewayService))
        this.#say(
          `groups.${name}.singleton`,
          `it has the gateway, and of gateways every one answers; give "${gatewayService}" another group`,
        );
    }
    return { groups, pins };
  }

  #group(path: string, value: unknown): PlacementGroup {
    const { services = [], replicas = 1, memory, singleton = false } = this.#object(path, value, groupKeys);
    if (typeof replicas === "object" && replicas !== null) {
      this.#say(
        `${path}.replicas`,
        "a range of replicas comes with services on demand, in a later version; give a number",
      );
    } else if (!Number.isInteger(replicas) || (replicas as number) < 1 || (replicas as number) > replicasMax) {
      this.#say(`${path}.replicas`, `a whole number from 1 to ${replicasMax}`);
    }
    const bytes = memory === undefined ? undefined : parseMemory(memory);
    if (memory !== undefined && bytes === undefined) {
      this.#say(`${path}.memory`, 'an amount from 64Mi to 1Ti, as "512Mi" or "2Gi"');
    }
    if (typeof singleton !== "boolean") this.#say(`${path}.singleton`, "true, or false");
    return {
      services: this.#names(`${path}.services`, services),
      replicas: typeof replicas === "number" ? replicas : 1,
      isSingleton: singleton === true,
      memory: bytes,
    };
  }

  #placeRest(groups: Record<string, PlacementGroup>, rest: unknown): void {
    const owner = new Map<string, string>();
    for (const [name, group] of Object.entries(groups)) {
      for (const service of group.services) {
        const other = owner.get(service);
        if (other !== undefined) this.#say(`groups.${name}.services`, `"${service}" is in ${other} already`);
        owner.set(service, name);
      }
    }
    const unplaced = this.#known.filter((service) => !owner.has(service));
    if (rest === undefined) {
      if (unplaced.length > 0)
        this.#say("groups", `no group has ${unplaced.join(", ")}; name them, or give "rest" a group`);
      return;
    }
    const group = typeof rest === "string" && Object.hasOwn(groups, rest) ? groups[rest] : undefined;
    if (group === undefined) {
      const near = typeof rest === "string" ? nearest(rest, Object.keys(groups)) : undefined;
      return this.#say("rest", `it names one of the groups${didYouMean(near)}`);
    }
    groups[rest as string] = { ...group, services: [...group.services, ...unplaced] };
  }

  #pins(value: unknown): Record<string, Pin> {
    const pins: Record<string, Pin> = {};
    for (const [service, pin] of Object.entries(this.#object("pins", value, undefined))) {
      const path = `pins.${service}`;
      if (this.#foreign.has(service)) this.#say(path, notPlaced(service));
      else if (!this.#known.includes(service)) {
        this.#say(path, `the system has no service "${service}"${didYouMean(nearest(service, this.#known))}`);
      }
      if (!this.#known.includes(service)) continue;
      const { with: beside = [], never = [] } = this.#object(path, pin, pinKeys);
      pins[service] = { with: this.#names(`${path}.with`, beside), never: this.#names(`${path}.never`, never) };
    }
    return pins;
  }

  #checkPins(groups: Readonly<Record<string, PlacementGroup>>, pins: Readonly<Record<string, Pin>>): void {
    const groupOf = (service: string) => Object.keys(groups).find((name) => groups[name]?.services.includes(service));
    for (const [service, pin] of Object.entries(pins)) {
      const home = groupOf(service);
      for (const other of pin.with) {
        if (groupOf(other) !== home)
          this.#say(`pins.${service}.with`, `${service} is in ${home} and ${other} in ${groupOf(other)}`);
      }
      for (const other of pin.never) {
        if (groupOf(other) === home) this.#say(`pins.${service}.never`, `${service} and ${other} are both in ${home}`);
      }
    }
  }

  #names(path: string, value: unknown): string[] {
    if (!Array.isArray(value)) {
      this.#say(path, "a list of services' names");
      return [];
    }
    const names: string[] = [];
    for (const name of value as unknown[]) {
      if (typeof name === "string" && this.#foreign.has(name)) this.#say(path, notPlaced(name));
      else if (typeof name !== "string" || !this.#known.includes(name)) {
        const near = typeof name === "string" ? nearest(name, this.#known) : undefined;
        this.#say(path, `the system has no service ${JSON.stringify(name)?.slice(0, 80)}${didYouMean(near)}`);
      } else if (names.includes(name)) this.#say(path, `"${name}" stands there twice`);
      else names.push(name);
    }
    return names;
  }

  /** Unknown keys are refused by name: a misspelt one would silently do nothing. */
  #object(path: string, value: unknown, keys: readonly string[] | undefined): Record<string, unknown> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.#say(path, "a JSON object");
      return {};
    }
    for (const key of Object.keys(value)) {
      if (keys === undefined || keys.includes(key)) continue;
      if (laterKeys.has(key))
        this.#say(`${path}.${key}`, "not in this version; a placement that names it would promise what nothing keeps");
      else this.#say(`${path}.${key}`, `a placement has no such key${didYouMean(nearest(key, keys))}`);
    }
    return value as Record<string, unknown>;
  }

  #say(path: string, message: string): void {
    this.issues.push({ path, message });
  }
}

function notPlaced(name: string): string {
  return `"${name}" runs in another language and is started by somebody else: it is not placed, every host calls it`;
}
