#!/usr/bin/env node
/**
 * The `skein` executable. Owns one question: is this Node new enough? Must parse on any Node that has modules, so it
 * imports nothing by itself and uses no syntax newer than Node 14.
 */
const major = Number.parseInt(process.version.slice(1), 10);
if (major < 24) {
  const code = "SKEIN_RUNTIME_TOO_OLD";
  process.stderr.write(
    `skein: this is Node ${process.version.slice(1)}, Skein needs 24 or newer [${code}]; put Node 24 on the PATH\n`,
  );
  process.exitCode = 1;
} else {
  const { enableCompileCache } = await import("node:module");
  enableCompileCache();
  const { main } = await import("./main.ts");
  process.exitCode = await main(process.argv.slice(2));
}
