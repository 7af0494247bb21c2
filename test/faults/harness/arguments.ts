/** Owns what a command line of `npm run faults` means. It must never run a case, nor take a wrong word for a right one. */
import { parseArgs } from "node:util";
import { type Peer, peers } from "./peer/moleculer.ts";

/** What a run is unless its command line says otherwise. */
export const defaults = { seeds: 5, requests: 20_000, rate: 200 } as const;

export interface Wanted {
  readonly isHelp: boolean;
  readonly isReport: boolean;
  readonly names: readonly string[];
  readonly seeds: number;
  readonly requests: number;
  readonly rate: number | undefined;
  readonly resumes: boolean;
  readonly history: string | undefined;
  readonly peer: Peer | undefined;
  readonly isJson: boolean;
}

/** Throws an error whose message says which word is wrong, and what may stand there. */
export function readArguments(args: readonly string[], cases: readonly string[]): Wanted {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      seeds: { type: "string", default: String(defaults.seeds) },
      requests: { type: "string", default: String(defaults.requests) },
      rate: { type: "string" },
      resume: { type: "boolean", default: false },
      history: { type: "string" },
      peer: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const [name, ...more] = positionals;
  const isReport = name === "report";
  if (more.length > 0) throw new Error(`one case at a time, or all: "${more[0]}" is too much`);
  if (name === undefined && !values.help) throw new Error("name a case, or all");
  const isKnown = name === undefined || isReport || name === "all" || cases.includes(name);
  if (!isKnown) throw new Error(`there is no case "${name}"; there are ${cases.join(", ")}`);
  const peer = peers.find((one) => one === values.peer);
  if (values.peer !== undefined && peer === undefined)
    throw new Error(`there is no peer "${values.peer}"; there are ${peers.join(", ")}`);
  return {
    isHelp: values.help,
    isReport,
    names: name === "all" ? cases : name === undefined || isReport ? [] : [name],
    seeds: toCount("--seeds", values.seeds),
    requests: toCount("--requests", values.requests),
    rate: values.rate === undefined ? undefined : toCount("--rate", values.rate),
    resumes: values.resume,
    history: values.history,
    peer,
    isJson: values.json,
  };
}

function toCount(option: string, text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count) && count >= 1) return count;
  throw new Error(`${option} is "${text}", and must be a number from 1 on`);
}
