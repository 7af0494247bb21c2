// Owns `npm run verify`: every check of a change, in order, each with its time, stopping at the first failure.
// Must contain no check of its own: a step is a command that can also be run alone.

import { run } from "./lib/repository.ts";

interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

const STEPS: readonly Step[] = [
  { name: "format", command: ["oxfmt", "--check"] },
  { name: "lint", command: ["oxlint", "--type-aware", "--deny-warnings"] },
  { name: "types", command: ["tsc", "-p", "tsconfig.json"] },
  { name: "build", command: ["node", "scripts/build.ts"] },
  { name: "test", command: ["node", "scripts/test.ts", "unit"] },
  { name: "package", command: ["node", "scripts/verify-package.ts"] },
  { name: "api", command: ["node", "scripts/api-report.ts"] },
  { name: "knip", command: ["knip"] },
];

function chosenSteps(args: readonly string[]): readonly Step[] {
  const [flag, list = ""] = args;
  if (flag === undefined) return STEPS;
  const names = list.split(",");
  const unknown = names.filter((name) => !STEPS.some((step) => step.name === name));
  if ((flag !== "--only" && flag !== "--skip") || unknown.length > 0 || args.length > 2) {
    console.error(
      `usage: verify [--only|--skip <step>[,<step>]]   steps: ${STEPS.map((step) => step.name).join(", ")}`,
    );
    process.exit(2);
  }
  return STEPS.filter((step) => names.includes(step.name) === (flag === "--only"));
}

const report: string[] = [];
for (const step of chosenSteps(process.argv.slice(2))) {
  console.log(`\n== ${step.name}: ${step.command.join(" ")}`);
  const startedAt = performance.now();
  const [program, ...args] = step.command;
  const { status } = run(program, args, { inherit: true });
  report.push(
    `${status === 0 ? "ok    " : "FAILED"} ${step.name.padEnd(8)} ${((performance.now() - startedAt) / 1000).toFixed(1)} s`,
  );
  if (status !== 0) break;
}
const failed = report.filter((line) => line.startsWith("FAILED")).length;
console.log(`\n${report.join("\n")}\nverify: ${report.length - failed} steps passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
