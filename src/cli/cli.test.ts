/** The command line as a program and a person meet it: real processes for what they print, plain calls for the parts. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { suite, test } from "node:test";
import { commands } from "./commands.ts";
import { bin, cleanEnvironment, runSkein, Sample } from "./fixtures/sample.ts";
import { renderCliReference, renderHelp } from "./help.ts";
import { nearest } from "../core/index.ts";
import { renderEvent } from "./dev/render.ts";
import { spawn } from "node:child_process";
import { escapeControl, problemLine, wantsColour } from "./terminal.ts";

suite("help", () => {
  test("docs/reference/cli.md is what the commands say (node src/cli/write-reference.ts)", () => {
    const page = readFileSync(new URL("../../docs/reference/cli.md", import.meta.url), "utf8");
    assert.equal(page, renderCliReference(commands));
  });

  test("--help of a command, whole", async () => {
    const run = await runSkein(["openapi", "--help"], ".");
    assert.deepEqual([run.code, run.stderr], [0, ""]);
    assert.equal(
      run.stdout,
      `Print the OpenAPI 3.1 description of a system's HTTP routes, or make a contract from one.

Usage: skein openapi [system.ts] [options]

Options:
  -o, --out <file>     write to a file instead of printing
      --server <url>   where the gateway is reached from outside; / unless given
      --import <file>  make a contract from this OpenAPI 3.0 or 3.1 document, JSON or YAML
      --name <name>    name of that contract; from the document's title unless given
      --json           print JSON for machines
  -h, --help           show this help

The argument is the file whose default export is the system: system.ts in the working directory
unless given.

The document is JSON with or without --json; a running system serves the same one at
/openapi.json. With --out and --json the output says which file was written.

With --import no system is read: the document becomes a TypeScript module with Zod schemas and a
contract, for external(). GET becomes a query, the rest actions. What a contract cannot say is
left out and listed. Only files are read, and references must stay inside.

Examples:
  skein openapi > openapi.json                                   print it
  skein openapi system.ts --out openapi.json                     write it, or leave the old file
                                                                 as it was
  skein openapi --import billing.yaml --out billing.contract.ts  make a contract of somebody
                                                                 else's API
`,
    );
  });

  test("every command's help names its options and stays within 100 columns", () => {
    for (const command of commands) {
      const help = renderHelp(command, commands);
      for (const option of command.options) assert.match(help, new RegExp(`--${option.name}\\b`));
      for (const line of help.split("\n")) assert.ok(line.length <= 100, line);
    }
    for (const command of commands)
      assert.match(renderHelp(undefined, commands), new RegExp(`^  ${command.name} `, "m"));
  });

  test("help, the version and their JSON", async () => {
    const [plain, help, json, version, versionJson] = await Promise.all([
      runSkein([], "."),
      runSkein(["help", "dev"], "."),
      runSkein(["dev", "--help", "--json"], "."),
      runSkein(["--version"], "."),
      runSkein(["--version", "--json"], "."),
    ]);
    assert.match(plain.stdout, /Usage: skein <command>/);
    assert.equal(help.stdout, renderHelp(commands[0], commands));
    assert.equal((JSON.parse(json.stdout) as { name: string }).name, "dev");
    assert.match(version.stdout, /^skein \d+\.\d+\.\d+ \(Node 2\d\.\d+\.\d+\)\n$/);
    assert.equal(typeof (JSON.parse(versionJson.stdout) as { skein: unknown }).skein, "string");
    for (const run of [plain, help, json, version, versionJson]) assert.equal(run.code, 0);
  });
});

suite("wrong usage", () => {
  const cases: ReadonlyArray<readonly [string, RegExp]> = [
    ["chekc", /there is no command "chekc" \[SKEIN_CLI_USAGE\]; did you mean check\?/],
    ["frobnicate", /there is no command "frobnicate".*; run skein --help/],
    ["dev --prot 3", /skein dev has no option --prot .*; did you mean --port\?/],
    ["--verson", /skein has no option --verson .*; did you mean --version\?/],
    ["dev a.ts b.ts", /skein dev does not take "b\.ts"/],
    ["check --json=yes", /--json takes no value/],
    ["dev --port", /--port needs a value/],
    ["dev --port --json", /--port needs a value/],
    ["dev --port 70000 SYSTEM", /--port is "70000", which is no port/],
    ["dev --inspect=x SYSTEM", /"x" is no port for a debugger/],
    ["help chek", /there is no command "chek"/],
  ];
  for (const [line, expected] of cases) {
    test(`skein ${line}`, async () => {
      using sample = new Sample();
      const run = await runSkein(line.replace("SYSTEM", "system.ts").split(" "), sample.directory);
      assert.equal(run.code, 2);
      if (line.endsWith("--json")) {
        const { error } = JSON.parse(run.stdout) as { error: { code: string; message: string } };
        assert.equal(error.code, "SKEIN_CLI_USAGE");
        assert.match(error.message, expected);
      } else {
        assert.match(run.stderr, expected);
        assert.match(run.stderr, /^skein: [^\n]+ \[SKEIN_CLI_USAGE\]; [^\n]+\n$/);
        assert.equal(run.stdout, "");
      }
    });
  }

  test("PORT is checked like --port", async () => {
    using sample = new Sample();
    const run = await runSkein(["dev"], sample.directory, { PORT: "http" });
    assert.equal(run.code, 2);
    assert.match(run.stderr, /PORT is "http", which is no port/);
  });
});

suite("check", () => {
  test("explains in JSON what the system is, without loading the services' code", async () => {
    using sample = new Sample();
    sample.write("greeter.ts", "throw new Error('the code was loaded');\n");
    const run = await runSkein(["check", "--json"], sample.directory);
    assert.equal(run.code, 0, run.stderr);
    const { system, services, endpoints, findings } = JSON.parse(run.stdout) as Record<string, unknown>;
    assert.deepEqual([system, services, findings], ["sample", ["greeter"], []]);
    assert.deepEqual(endpoints, [
      { id: "greeter.hello", kind: "query", http: "GET /hello/:name", access: "public", calls: [] },
      { id: "greeter.slow", kind: "query", http: "GET /slow", access: "public", calls: [] },
      { id: "greeter.crash", kind: "action", http: "POST /crash", access: "public", calls: [] },
    ]);
  });

  test("an error is shown with where, why and what to do, and exits 1", async () => {
    using sample = new Sample();
    sample.edit("greeter.service.ts", 'slow: { access: "public" },', "");
    const [text, json] = await Promise.all([
      runSkein(["check"], sample.directory),
      runSkein(["check", "--json"], sample.directory),
    ]);
    assert.deepEqual([text.code, json.code], [1, 1]);
    assert.match(
      text.stdout,
      /^sample: 1 service, 3 endpoints\n\nErrors\n {2}greeter\.slow: .+ \[SKEIN_CHECK_\w+\]\n {4}fix: .+\n\n1 error\ndeclarations only: .+--load.+\n$/,
    );
    const { findings } = JSON.parse(json.stdout) as { findings: Array<Record<string, string>> };
    assert.deepEqual(Object.keys(findings[0] ?? {}).toSorted(), ["code", "fix", "level", "message", "where"]);
  });

  test("--load loads the code, and a misspelt handler is told with the name that was meant", async () => {
    using sample = new Sample();
    sample.edit("greeter.ts", "async slow(", "async slwo(");
    const [plain, loaded] = await Promise.all([
      runSkein(["check"], sample.directory),
      runSkein(["check", "--load"], sample.directory),
    ]);
    assert.deepEqual([plain.code, loaded.code], [0, 1]);
    assert.match(
      plain.stdout,
      /\nno errors\ndeclarations only: the services' code was not loaded; --load loads it too\n$/,
    );
    assert.match(loaded.stdout, /"slwo" is not a method of its contract; did you mean "slow"\?/);
    assert.doesNotMatch(loaded.stdout, /declarations only/);
  });

  test("a folder is called a folder", async () => {
    using sample = new Sample();
    const above = await runSkein(["check", sample.directory], "/");
    assert.match(
      above.stderr,
      /^skein: \S+ is a folder, not a file \[SKEIN_SYSTEM_LOAD\]; did you mean \S+system\.ts\?\n$/,
    );
  });

  test("a file that is not there, exports nothing, or exports something else", async () => {
    using sample = new Sample();
    sample.write("none.ts", 'import { system } from "skein";\nexport const shop = system("shop", { services: [] });\n');
    sample.write("other.ts", "export default 1;\n");
    sample.write("broken.ts", 'import "./system.ts";\nconst a: number = ;\n');
    sample.write("throws.ts", 'import "./system.ts";\n\nthrow new TypeError("bad luck");\n');
    const expectations: ReadonlyArray<readonly [string, RegExp]> = [
      ["sistem.ts", /there is no file sistem\.ts \[SKEIN_SYSTEM_LOAD\]; did you mean system\.ts\?/],
      ["none.ts", /none\.ts has no default export .*; .*export default shop/],
      ["other.ts", /the default export of other\.ts is not a system/],
      ["broken.ts", /Expression expected \(broken\.ts:2:19\)/],
      ["throws.ts", /bad luck \(throws\.ts:3:7\)/],
    ];
    await Promise.all(
      expectations.map(async ([file, expected]) => {
        const run = await runSkein(["check", file], sample.directory);
        assert.equal(run.code, 1, file);
        assert.match(run.stderr, expected);
        assert.match(run.stderr, /^skein: [^\n]+ \[SKEIN_SYSTEM_LOAD\]; [^\n]+\n$/);
      }),
    );
  });
});

suite("openapi", () => {
  test("prints the document, or writes it", async () => {
    using sample = new Sample();
    sample.write("greeter.ts", "throw new Error('the code was loaded');\n");
    const [printed, written] = await Promise.all([
      runSkein(["openapi"], sample.directory),
      runSkein(["openapi", "system.ts", "--out", "api.json", "--json"], sample.directory),
    ]);
    const document = JSON.parse(printed.stdout) as { openapi: string; paths: object };
    assert.match(document.openapi, /^3\.1\./);
    assert.ok(Object.hasOwn(document.paths, "/hello/{name}"));
    assert.deepEqual(JSON.parse(written.stdout), { written: sample.path("api.json") });
    assert.equal(readFileSync(sample.path("api.json"), "utf8"), printed.stdout);
  });

  test("a place that cannot be written is one line and exit 1", async () => {
    using sample = new Sample();
    const run = await runSkein(["openapi", "--out", "no/such/folder/api.json"], sample.directory);
    assert.equal(run.code, 1);
    assert.match(run.stderr, /^skein: cannot write [^\n]+ \[SKEIN_CLI_FAILED\]; [^\n]+\n$/);
  });
});

suite("the executable", () => {
  test("an old Node is told in one line, before anything else is loaded", async () => {
    const old = "data:text/javascript,Object.defineProperty(process,'version',{value:'v20.19.5'})";
    const child = spawn(process.execPath, ["--import", old, bin, "check"], { env: cleanEnvironment() });
    let text = "";
    child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
    const code = await new Promise((resolve) => child.once("close", resolve));
    assert.equal(code, 1);
    assert.match(text, /^skein: this is Node 20\.19\.5, Skein needs 24 or newer \[SKEIN_RUNTIME_TOO_OLD\]; [^\n]+\n$/);
  });

  test("bin.ts is plain JavaScript that old versions parse, and imports nothing by itself", () => {
    const code = readFileSync(bin, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
    assert.doesNotMatch(code, /^import\b|\bas\b|: (string|number)\b|\?\?=|\busing\b/m);
  });

  test("run from its sources without the condition, it still finds those sources as skein", async () => {
    using sample = new Sample();
    const child = spawn(process.execPath, [bin, "check", path.join(sample.directory, "system.ts")], {
      env: cleanEnvironment(),
    });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
    const code = await new Promise((resolve) => child.once("close", resolve));
    assert.equal(code, 0, text);
  });
});

suite("text on a terminal", () => {
  test("control characters, line separators and reordering marks are escaped", () => {
    assert.equal(escapeControl("a\u001b[31m\r\n\t\u2028\u202e\u007f"), "a\\x1b[31m\\r\\n\\t\\u2028\\u202e\\x7f");
    const line = renderEvent(
      {
        event: "request",
        time: "2021-10-01T14:30:00.123Z",
        method: "GET",
        path: "/\u001b[2J\n",
        status: 404,
        ms: 1.234,
        code: "A\nB",
        traceId: "",
      },
      false,
    );
    assert.equal(line, "14:30:00.123 GET    /\\x1b[2J\\n 404 1.2 ms A\\nB\n");
    assert.equal(
      problemLine({ code: "SKEIN_CLI_USAGE", message: "a\nb", fix: "c\u001b" }),
      "skein: a\\nb [SKEIN_CLI_USAGE]; c\\x1b",
    );
  });

  test("a log's error keeps its lines and loses its escapes", () => {
    const text = renderEvent(
      {
        event: "log",
        line: {
          time: "2021-10-01T14:30:00.123Z",
          level: "error",
          message: "it\nfailed",
          service: "a",
          error: { stack: "Error: \u001b[31m\n    at x" },
        },
      },
      false,
    );
    assert.equal(text, "14:30:00.123 error  it\\nfailed service=a\n  Error: \\x1b[31m\n      at x\n");
  });

  test("colour only on a terminal, and not with NO_COLOR", () => {
    assert.equal(wantsColour({ isTTY: true }, {}), true);
    assert.equal(wantsColour({ isTTY: true }, { NO_COLOR: "1" }), false);
    assert.equal(wantsColour({ isTTY: true }, { TERM: "dumb" }), false);
    assert.equal(wantsColour({}, {}), false);
  });

  test("the nearest name, or none", () => {
    assert.equal(nearest("chekc", ["check", "dev"]), "check");
    assert.equal(nearest("OPENAPI", ["check", "openapi"]), "openapi");
    assert.equal(nearest("xyzzy", ["check", "dev"]), undefined);
  });
});
