// Owns the rules of the repository that need more than one file at a time, as tests.
// Must read what is really there: a rule that finds no file to look at fails.

import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { suite, test } from "node:test";
import { LAYERS } from "../../scripts/lint/layers.ts";
import { entryPoints, files, packageJson, read, root, run } from "../../scripts/lib/repository.ts";

/** Every file under version control or about to be, as text; generated and binary ones left out. */
function textFiles(): readonly string[] {
  const { stdout } = run("git", ["ls-files", "--cached", "--others", "--exclude-standard"]);
  const listed = stdout.split("\n").filter((path) => path !== "" && existsSync(join(root, path)));
  assert.ok(listed.length > 10, "git lists the repository's files");
  return listed.filter((path) => /\.(ts|cjs|js|mjs|json|md|yml|yaml|sql|html|css|sh)$|^\.ci\/|^\.[a-z]+rc/.test(path));
}

/** `path:line` of each line that matches. */
function linesMatching(path: string, pattern: RegExp): readonly string[] {
  return read(path)
    .split("\n")
    .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim().slice(0, 120)}`] : []));
}

// Written in pieces so that this file does not accuse itself.
const MACHINE_LOCAL = new RegExp(
  [
    "/wo" + "rk/",
    "\\.\\./sha" + "red",
    "SKEIN_TEST" + "_DATA=/",
    "/ro" + "ot/",
    "/ho" + "me/[a-z]+/",
    "DESIGN" + "\\.md",
    "LIMITS" + "\\.md",
    "/tmp/" + "brief",
  ].join("|"),
);

suite("repository rules", () => {
  test("no file names a place that exists on one machine only", () => {
    assert.ok(MACHINE_LOCAL.test("see /wo" + "rk/x"), "the pattern can match");
    const found = textFiles()
      .filter((path) => path !== "package-lock.json")
      .flatMap((path) => linesMatching(path, MACHINE_LOCAL));
    assert.deepEqual(found, []);
  });

  test("every folder of src is a layer and has an explicit index.ts", () => {
    const folders = readdirSync(join(root, "src"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    assert.ok(folders.length > 0);
    for (const { name } of folders) {
      const inside = files(`src/${name}/**/*.ts`);
      if (inside.length === 0) continue;
      assert.ok((LAYERS as readonly string[]).includes(name), `src/${name} is not a layer`);
      assert.ok(inside.includes(`src/${name}/index.ts`), `src/${name}/index.ts is missing`);
    }
  });

  test("ARCHITECTURE.md names every layer that exists", () => {
    const text = read("ARCHITECTURE.md");
    for (const layer of LAYERS.filter((name) => existsSync(join(root, "src", name)))) {
      assert.match(text, new RegExp(`\\b${layer}\\b`));
    }
  });

  test("an index.ts holds only exports", () => {
    const indexes = files("src/**/index.ts");
    assert.ok(indexes.length > 0);
    for (const path of indexes) {
      const code = read(path).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
      const statements = code.split(/;\s*(?:\n|$)/).map((statement) => statement.trim());
      const others = statements.filter(
        (statement) => statement !== "" && !/^export (type )?\{[^}]*\} from "[^"]+"$/.test(statement),
      );
      assert.deepEqual(others, [], path);
    }
  });

  test("internal folders are imported only from their own layer", () => {
    for (const path of files("src/**/*.ts")) {
      const layer = path.split("/")[1];
      const foreign = [...read(path).matchAll(/from "([^"]*\/internal\/[^"]*)"/g)]
        .map((match) => join(dirname(path), match[1] ?? ""))
        .filter((target) => target.split("/")[1] !== layer);
      assert.deepEqual(foreign, [], path);
    }
  });

  test("no test is skipped, focused or left to do without a reason", () => {
    const bare = /\b(test|it|suite|describe)\.(only|skip|todo)\(|\b(skip|todo|only): true\b/;
    assert.ok(bare.test("test.only(") && bare.test("{ skip: true }"));
    const found = files("{src,examples,test}/**/*.test.ts")
      .filter((path) => path !== "test/repo/rules.test.ts")
      .flatMap((path) => linesMatching(path, bare));
    assert.deepEqual(found, []);
  });
});

suite("documents", () => {
  test("every relative link of a document leads to a file, and its anchor to a heading", () => {
    const documents = files("*.md", "docs/**/*.md", "examples/**/*.md", "bench/*.md", ".github/**/*.md");
    assert.ok(documents.length > 0);
    const broken = documents.flatMap((path) => brokenLinks(path, read(path)));
    assert.deepEqual(broken, []);
  });

  test("a broken link and a missing anchor would be found", () => {
    assert.deepEqual(
      brokenLinks(
        "CHANGELOG.md",
        "[a](nowhere.md) [b](CHANGELOG.md#no-such-heading) [c](https://example.org) `[d](no)`",
      ),
      ["CHANGELOG.md: nowhere.md", "CHANGELOG.md: CHANGELOG.md#no-such-heading"],
    );
  });

  test("README.md names every guide, once", () => {
    const text = read("README.md");
    for (const path of files("docs/guides/*.md"))
      assert.equal(text.split(`](${path})`).length - 1, 1, `${path} in the table of guides`);
  });

  test("each decision record has a number of its own, which its heading repeats", () => {
    const records = files("docs/adr/*.md");
    assert.ok(records.length > 0);
    const numbers = records.map((path) => Number(/^docs\/adr\/(\d{4})-[a-z0-9-]+\.md$/.exec(path)?.[1]));
    assert.deepEqual(
      numbers.filter((number, index) => numbers.indexOf(number) !== index),
      [],
    );
    for (const [index, path] of records.entries()) assert.ok(read(path).startsWith(`# ${numbers[index]}. `), path);
  });

  test("CHANGELOG.md keeps an Unreleased section at the top and dated versions below it", () => {
    const headings = [...read("CHANGELOG.md").matchAll(/^## (.+)$/gm)].map((match) => match[1]);
    assert.equal(headings[0], "[Unreleased]");
    for (const heading of headings.slice(1)) assert.match(heading ?? "", /^\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}$/);
  });
});

function brokenLinks(path: string, text: string): readonly string[] {
  const prose = text.replace(/```[\s\S]*?```/g, "").replace(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = ""]) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [target = "", anchor] = link.split("#");
    const file = target === "" ? path : join(dirname(path), target);
    const exists = existsSync(join(root, file));
    const anchored =
      anchor === undefined || !exists || statSync(join(root, file)).isDirectory() || headingsOf(file).includes(anchor);
    return exists && anchored ? [] : [`${path}: ${link}`];
  });
}

/** Anchors of a document as GitHub makes them. */
function headingsOf(path: string): readonly string[] {
  if (!path.endsWith(".md")) return [];
  return [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replace(/\s/g, "-"),
  );
}

suite("package.json", () => {
  test("every script checks the runtime first", () => {
    for (const [name, command] of Object.entries(packageJson().scripts)) {
      const checks = command.startsWith("node scripts/check-runtime.cjs && ") || command === "node scripts/prepare.cjs";
      assert.ok(checks, `script "${name}"`);
    }
  });

  test("versions are exact, and Node itself is one of them", () => {
    const { dependencies, devDependencies } = packageJson();
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies }))
      assert.match(version, /^\d+\.\d+\.\d+$/, name);
    assert.match(devDependencies["node"] ?? "", /^24\./);
  });

  test("the lockfile names no registry of one machine", () => {
    const hosts = new Set(
      [...read("package-lock.json").matchAll(/"resolved": "https?:\/\/([^/]+)/g)].map((match) => match[1]),
    );
    hosts.delete("registry.npmjs.org");
    assert.deepEqual([...hosts], []);
  });

  test("each entry point is its source under skein-src, its types, then its JavaScript, in this order", () => {
    for (const [name, target] of entryPoints()) {
      assert.deepEqual(Object.keys(target), ["skein-src", "types", "default"], name);
      const stem = target["skein-src"].replace(/^\.\/src\//, "").replace(/\.ts$/, "");
      assert.deepEqual([target.types, target.default], [`./dist/${stem}.d.ts`, `./dist/${stem}.js`], name);
      assert.ok(existsSync(join(root, target["skein-src"])), `${target["skein-src"]} does not exist`);
    }
  });

  test("every runtime dependency has a decision record", () => {
    const records = files("docs/adr/*.md").map(read).join("\n");
    for (const name of Object.keys(packageJson().dependencies))
      assert.ok(records.includes(`\`${name}\``), `no docs/adr/*.md names \`${name}\``);
  });
});

suite("check-runtime", () => {
  test("an old Node gets one line with the code and what to do, a new one nothing", () => {
    const { problem } = createRequire(import.meta.url)("../../scripts/check-runtime.cjs") as {
      problem: (version: string, folder?: string) => string | null;
    };
    const line = problem("v20.19.5", "/nowhere") ?? "";
    assert.match(line, /^SKEIN_RUNTIME_TOO_OLD: this is Node 20\.19\.5/);
    assert.match(line, /npm install --ignore-scripts=false/);
    assert.doesNotMatch(line, /\n/);
    // The tests run on the repository's own Node or on another new one; only the first can be found.
    if (existsSync(join(root, "node_modules/node/bin/node"))) {
      const found = problem("v20.19.5") ?? "";
      assert.match(found, /^SKEIN_RUNTIME_TOO_OLD: .*node_modules\/\.bin.*npm run/);
      assert.doesNotMatch(found, /install script|\n/);
    }
    assert.equal(problem("v24.0.0"), null);
    assert.equal(problem("v26.1.0"), null);
  });

  test("the scripts that run before Node is known to be new use old syntax only", () => {
    for (const path of ["scripts/check-runtime.cjs", "scripts/prepare.cjs"]) {
      const code = read(path).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
      assert.doesNotMatch(code, /=>|\bconst\b|\blet\b|\?\.|\?\?|\$\{|\bimport\b/, path);
    }
  });
});
