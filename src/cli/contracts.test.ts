/** `skein check --write` and `--against`, as a person runs them. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";

const bin = path.join(import.meta.dirname, "bin.ts");
const contract = path.join(import.meta.dirname, "../contract/index.ts");
const door = path.join(import.meta.dirname, "../index.ts");

const system = (input: string, output: string): string => `
import * as z from "zod";
import { contract, query } from ${JSON.stringify(contract)};
import { service, system } from ${JSON.stringify(door)};
const Greeter = contract("greeter", { greet: query({ input: z.object({ ${input} }), output: z.object({ ${output} }) }) });
const greeter = service(Greeter, { policy: { greet: { access: "public" } } });
export default system("hello", { services: [greeter.implement({ greet: async () => ({}) as never })] });
`;

describe("the file of a system's contracts", () => {
  // Inside the repository, so that the file finds its packages.
  const directory = mkdtempSync(path.join(import.meta.dirname, "contracts-test-"));
  const home = mkdtempSync(path.join(tmpdir(), "skein-contracts-"));
  after(() => {
    for (const one of [directory, home]) rmSync(one, { recursive: true, force: true });
  });

  const write = (input: string, output: string): void =>
    writeFileSync(path.join(directory, "system.ts"), system(input, output));
  const check = (...args: string[]) => {
    const command = ["--conditions=skein-src", bin, "check", ...args];
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: directory, encoding: "utf8" });
    return { status, stdout, stderr };
  };
  const git = (...args: string[]): void => {
    const identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
    execFileSync("git", [...identity, ...args], {
      cwd: directory,
      env: { ...process.env, HOME: home },
      stdio: "ignore",
    });
  };

  before(() => {
    write("name: z.string()", "text: z.string()");
    git("init", "-q");
    const { status, stderr } = check("--write", "contracts.json");
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^wrote contracts\.json$/m);
    git("add", "contracts.json");
    git("commit", "-q", "-m", "contracts");
  });

  test("nothing changed: no finding, against the file and against the commit", () => {
    for (const against of ["contracts.json", "HEAD"]) {
      const { status, stdout } = check("--against", against, "--json");
      assert.equal(status, 0);
      assert.deepEqual((JSON.parse(stdout) as { findings: unknown[] }).findings, []);
    }
  });

  test("what breaks is an error by its path, what may is a warning", () => {
    write("name: z.string().max(9)", "text: z.string(), at: z.date()");
    const { status, stdout } = check("--against", "HEAD", "--json");
    assert.equal(status, 1);
    const { findings } = JSON.parse(stdout) as { findings: Record<string, string>[] };
    assert.deepEqual(
      findings.map(({ level, code, where, message }) => `${level} ${code} ${where}: ${message}`),
      [
        "error SKEIN_CHECK_BREAKING greeter.greet input $.name: has the maxLength 9, and had none",
        "warning SKEIN_CHECK_SKEW greeter.greet output $.at: is new and required",
      ],
    );
    write("name: z.string()", "text: z.string()");
  });

  test("compares before it writes", () => {
    const kept = path.join(directory, "contracts.json");
    const text = readFileSync(kept, "utf8");
    write("name: z.string(), age: z.int()", "text: z.string()");
    const { status, stdout } = check("--against", "contracts.json", "--write", "contracts.json");
    assert.equal(status, 1);
    assert.match(stdout, /greeter\.greet input \$\.age: is new and required/);
    assert.notEqual(readFileSync(kept, "utf8"), text);
    writeFileSync(kept, text);
    write("name: z.string()", "text: z.string()");
  });

  test("what cannot be read says so and changes nothing", () => {
    writeFileSync(path.join(home, "other.json"), "{}");
    for (const against of ["no-such-branch", "--against=-rf", path.join(home, "other.json")]) {
      const given = against.startsWith("--") ? [against] : ["--against", against];
      const { status, stderr } = check(...given);
      assert.equal(status, 1, against);
      assert.match(stderr, /\[SKEIN_CONTRACTS_FILE\]/, against);
    }
  });
});
