/** Makes the one file that runs in Node, Bun and workerd: for no platform in particular, and with no module of any. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

export interface Bundle {
  readonly file: string;
  readonly bytes: number;
  readonly gzipBytes: number;
}

/** Bundles `entry` into `<directory>/bundle.js`. Inside the repository `skein` means the sources; elsewhere leave `conditions` out. */
export async function bundleEdge(directory: string, entry = path.join(import.meta.dirname, "app.ts")): Promise<Bundle> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "neutral",
    target: "es2024",
    mainFields: ["module", "main"],
    conditions: ["skein-src"],
    write: false,
    logLevel: "silent",
  });
  const contents = outputFiles[0]?.contents ?? new Uint8Array();
  mkdirSync(directory, { recursive: true });
  const file = path.join(directory, "bundle.js");
  writeFileSync(file, contents);
  return { file, bytes: contents.length, gzipBytes: gzipSync(contents, { level: 9 }).length };
}
