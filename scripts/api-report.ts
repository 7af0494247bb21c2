// Owns the report of the public surface: one api/*.api.md per entry point, made by API Extractor from the built declarations.
// Must fail on any difference; only `--write` accepts one. Removes reports of entry points that are gone.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";
import { entryPoints, files, root, temporaryPrefix } from "./lib/repository.ts";

const QUIET = { default: { logLevel: ExtractorLogLevel.None } };
const write = process.argv.includes("--write");

function reportName(entry: string): string {
  return `skein${entry.slice(1).replaceAll("/", "-")}.api.md`;
}

/** Makes the report of one entry point into a directory and returns its text. */
function makeReport(entry: string, types: string, directory: string): string {
  const config = ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, "package.json"),
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: join(root, types),
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: "es2024",
            lib: ["es2024", "esnext.disposable"],
            module: "nodenext",
            moduleResolution: "nodenext",
            types: ["node"],
            strict: true,
            skipLibCheck: true,
          },
          files: [join(root, types)],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: reportName(entry),
        reportFolder: directory,
        reportTempFolder: join(directory, "temporary"),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: "lf",
      messages: { extractorMessageReporting: QUIET, tsdocMessageReporting: QUIET },
    },
  });
  const result = Extractor.invoke(config, {
    localBuild: true,
    // The compiler inside is older than ours and says so; only errors matter here.
    messageCallback: (message) => {
      message.handled = message.logLevel !== ExtractorLogLevel.Error;
    },
  });
  if (result.errorCount > 0) throw new Error(`API Extractor found ${result.errorCount} errors in ${types}`);
  return readFileSync(join(directory, reportName(entry)), "utf8");
}

/** The first lines that differ, enough to recognise the change. */
function firstDifference(before: string, after: string): string {
  const old = new Set(before.split("\n"));
  const now = new Set(after.split("\n"));
  const gone = [...old].filter((line) => !now.has(line)).map((line) => `   - ${line}`);
  const came = [...now].filter((line) => !old.has(line)).map((line) => `   + ${line}`);
  return [...gone, ...came].slice(0, 20).join("\n");
}

if (!existsSync(join(root, "dist"))) {
  console.error("api-report: no dist/; run npm run build first");
  process.exit(1);
}
const temporary = mkdtempSync(temporaryPrefix("api"));
let differences = 0;
try {
  for (const [entry, { types }] of entryPoints()) {
    const path = join(root, "api", reportName(entry));
    const before = existsSync(path) ? readFileSync(path, "utf8") : "";
    const after = makeReport(entry, types, temporary);
    if (before === after) continue;
    if (write) {
      writeFileSync(path, after);
      console.log(`wrote api/${reportName(entry)}`);
      continue;
    }
    differences += 1;
    console.log(`api/${reportName(entry)} differs:\n${firstDifference(before, after)}`);
  }
  const known = entryPoints().map(([entry]) => `api/${reportName(entry)}`);
  for (const path of files("api/*.api.md").filter((file) => !known.includes(file))) {
    if (write) rmSync(join(root, path));
    else differences += 1;
    console.log(`${path} belongs to no entry point`);
  }
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
if (differences > 0) console.log("if this change of the public surface is meant: npm run api -- --write");
console.log(`api: ${differences} differences`);
process.exitCode = differences === 0 ? 0 : 1;
