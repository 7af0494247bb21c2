/** Owns the text of `--help` and of the reference page, rendered from the commands. It must never hold a fact of its own. */
import { type Command, type CommandOption, type Given, optionsOf } from "./command.ts";
import { parse } from "./parse.ts";

const width = 96;

/** The help of a command, or of skein as a whole. */
export function renderHelp(command: Command | undefined, commands: readonly Command[]): string {
  if (command === undefined) return renderOverview(commands);
  const parts = [
    `${sentence(command.summary)}\n`,
    `Usage: skein ${command.name} ${command.usage}\n`,
    `Options:\n${table(optionsOf(command).map((option) => [flag(option), option.summary]))}\n`,
    ...command.details.map((detail) => `${wrap(detail.replaceAll("`", ""), width)}\n`),
    `Examples:\n${table(command.examples.map(({ line, does }) => [line, does]))}\n`,
  ];
  return parts.join("\n");
}

function renderOverview(commands: readonly Command[]): string {
  return [
    "Typed services written once; where each runs is data.\n",
    "Usage: skein <command> [options]\n",
    `Commands:\n${table(commands.map((command) => [command.name, command.summary]))}\n`,
    `Options:\n${table(optionsOf(undefined).map((option) => [flag(option), option.summary]))}\n`,
    "Run skein <command> --help for more. Exit codes: 0 done, 1 failed, 2 wrong usage.\n",
  ].join("\n");
}

/** Help as data. */
export function describe(command: Command | undefined, commands: readonly Command[]): unknown {
  if (command === undefined) return { commands: commands.map(({ name, summary }) => ({ name, summary })) };
  const { name, summary, usage, details, examples } = command;
  return { name, summary, usage: `skein ${name} ${usage}`, options: optionsOf(command), details, examples };
}

/** `skein help [command]`. */
export async function runHelp(given: Given, commands: readonly Command[]): Promise<number> {
  const name = given.arguments[0];
  const command = name === undefined ? undefined : parse([name], commands).command;
  printHelp(command, commands, given.options["json"] === true);
  return 0;
}

export function printHelp(command: Command | undefined, commands: readonly Command[], isJson: boolean): void {
  process.stdout.write(isJson ? `${JSON.stringify(describe(command, commands))}\n` : renderHelp(command, commands));
}

/** docs/reference/cli.md, in Markdown. */
export function renderCliReference(commands: readonly Command[]): string {
  const head = `<!-- Generated from src/cli/commands.ts by \`node src/cli/write-reference.ts\`. Do not edit. -->

# Command line

Every command takes \`--help\` and \`--json\`, works offline and exits with 0 (done), 1 (failed) or 2 (wrong usage). An
error is one line on stderr, \`skein: <what> [<code>]; <fix>\`, or with \`--json\` one object on stdout,
\`{"error": {"code", "message", "fix"}}\`. Colour is used on a terminal only, and not where \`NO_COLOR\` is set. The codes
are explained in [errors](errors.md).

Inside the repository \`npm run skein -- <arguments>\` is the same command.

Source: [src/cli/commands.ts](../../src/cli/commands.ts)

| Command | Does |
|---|---|
${commands.map(({ name, summary }) => `| [\`skein ${name}\`](#skein-${name}) | ${summary} |`).join("\n")}
| \`skein --version\` | ${optionsOf(undefined)[0]?.summary ?? ""} |
`;
  return head + commands.map(renderSection).join("");
}

function renderSection(command: Command): string {
  const options = optionsOf(command).map((option) => `| \`${flag(option).trim()}\` | ${option.summary} |`);
  const examples = command.examples.map(({ line, does }) => `# ${does}\n${line}`).join("\n");
  return `
## skein ${command.name}

${sentence(command.summary)}

\`\`\`text
skein ${command.name} ${command.usage}
\`\`\`

| Option | Meaning |
|---|---|
${options.join("\n")}
${command.details.map((detail) => `\n${detail}\n`).join("")}
\`\`\`sh
${examples}
\`\`\`
`;
}

function flag(option: CommandOption): string {
  const value =
    option.value === undefined ? "" : option.optionalValue === true ? `[=${option.value}]` : ` <${option.value}>`;
  const short = option.short === undefined ? "    " : `-${option.short}, `;
  return `${short}--${option.name}${value}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function table(rows: ReadonlyArray<readonly [string, string]>): string {
  const indent = Math.max(...rows.map(([name]) => name.length)) + 4;
  return rows
    .map(
      ([name, text]) =>
        `  ${name.padEnd(indent - 2)}${wrap(text, width - indent).replaceAll("\n", `\n${" ".repeat(indent)}`)}`,
    )
    .join("\n");
}

function wrap(text: string, limit: number): string {
  let line = "";
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > limit) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join("\n");
}
