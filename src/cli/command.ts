/**
 * Owns the shape of a command as data, from which it is parsed, helped and documented. It must never hold what a command
 * does: `run` loads that when it is called.
 */

export interface CommandOption {
  /** Without the dashes. */
  readonly name: string;
  readonly short?: string;
  /** Name of the value, as shown; without it the option is a switch. */
  readonly value?: string;
  /** The value may be left out: `--inspect` or `--inspect=9230`. */
  readonly optionalValue?: boolean;
  readonly summary: string;
}

export interface Command {
  readonly name: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** What follows the name on the usage line. */
  readonly usage: string;
  /** Most arguments that are not options. */
  readonly argumentsMax: number;
  readonly options: readonly CommandOption[];
  /** Paragraphs of further text. */
  readonly details: readonly string[];
  readonly examples: ReadonlyArray<{ readonly line: string; readonly does: string }>;
  /** Resolves with the exit code. Errors are thrown. */
  run(given: Given): Promise<number>;
}

/** A command line that was understood. */
export interface Given {
  readonly command: Command;
  readonly arguments: readonly string[];
  /** Values by option name: text, or `true` for a switch. */
  readonly options: Readonly<Record<string, string | true>>;
}

/** Options that every command has. */
export const commonOptions: readonly CommandOption[] = [
  { name: "json", summary: "print JSON for machines" },
  { name: "help", short: "h", summary: "show this help" },
];

/** Every option of a command. */
export function optionsOf(command: Command | undefined): readonly CommandOption[] {
  return [...(command?.options ?? [versionOption]), ...commonOptions];
}

export const versionOption: CommandOption = { name: "version", short: "v", summary: "show the version" };
