/** Owns turning a command line into a command and its values. It must never run anything, and never guess: it suggests. */
import { parseArgs } from "node:util";
import { skeinError, type SkeinError } from "../errors/index.ts";
import { type Command, type CommandOption, type Given, optionsOf } from "./command.ts";
import { nearest } from "../core/index.ts";

/** What a command line asks for: a command, or help or the version without one. */
export type Parsed = Given | { readonly command: undefined; readonly options: Given["options"] };

/** Throws `SKEIN_CLI_USAGE` for anything that is not a command line of `commands`. */
export function parse(argv: readonly string[], commands: readonly Command[]): Parsed {
  // The options that may stand before the command take no value, so the first word is the command.
  const at = argv.findIndex((word) => !word.startsWith("-"));
  if (at < 0) return { command: undefined, options: parseOptions(argv, undefined).options };
  const name = argv[at] ?? "";
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) {
    throw usage(
      `there is no command "${name}"`,
      suggest(
        name,
        commands.map((candidate) => candidate.name),
      ) ?? "run skein --help to see them all",
    );
  }
  const parsed = parseOptions([...argv.slice(0, at), ...argv.slice(at + 1)], command);
  if (parsed.words.length > command.argumentsMax) {
    const surplus = parsed.words[command.argumentsMax] ?? "";
    throw usage(`skein ${name} does not take "${surplus}"`, `the usage is: skein ${name} ${command.usage}`);
  }
  return { command, arguments: parsed.words, options: parsed.options };
}

function parseOptions(args: readonly string[], command: Command | undefined) {
  const known = optionsOf(command);
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(known.map((option) => [option.name, toNodeOption(option)])),
    // Not strict: its messages know neither our codes nor the nearest name.
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const words: string[] = [];
  const options: Record<string, string | true> = {};
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const option = known.find((candidate) => candidate.name === token.name);
    if (option === undefined) throw unknownOption(token.rawName, known, command);
    options[option.name] = valueOf(option, token, command);
  }
  return { words, options };
}

function toNodeOption(option: CommandOption) {
  const type = option.value === undefined || option.optionalValue === true ? ("boolean" as const) : ("string" as const);
  return { type, ...(option.short !== undefined && { short: option.short }) };
}

function valueOf(
  option: CommandOption,
  token: { readonly rawName: string; readonly value?: string | undefined; readonly inlineValue?: boolean | undefined },
  command: Command | undefined,
): string | true {
  const line = command === undefined ? "skein --help" : `skein ${command.name} --help`;
  if (option.value === undefined) {
    if (token.value !== undefined) throw usage(`${token.rawName} takes no value`, `see ${line}`);
    return true;
  }
  if (token.value === undefined && option.optionalValue === true) return true;
  const isNextOption = token.inlineValue !== true && token.value?.startsWith("-") === true;
  if (token.value === undefined || token.value === "" || isNextOption) {
    throw usage(`${token.rawName} needs a value`, `write --${option.name} <${option.value}>; see ${line}`);
  }
  return token.value;
}

function unknownOption(rawName: string, known: readonly CommandOption[], command: Command | undefined): SkeinError {
  const owner = command === undefined ? "skein" : `skein ${command.name}`;
  const fix = suggest(
    rawName,
    known.map((option) => `--${option.name}`),
  );
  return usage(`${owner} has no option ${rawName}`, fix ?? `run ${owner} --help to see them all`);
}

function suggest(given: string, names: readonly string[]): string | undefined {
  const name = nearest(given, names);
  return name === undefined ? undefined : `did you mean ${name}?`;
}

/** A mistake on the command line; `fix` takes the place of the catalogue's. */
export function usage(message: string, fix: string): SkeinError {
  return Object.assign(skeinError("SKEIN_CLI_USAGE", message), { fix });
}
