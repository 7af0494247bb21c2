// Owns the bundle of an entry point for browsers, or for no platform in particular: its bytes, and the proof that nothing of Node is in it.
// Must bundle the built JavaScript as a user's bundler would find it, never the sources.

import { gzipSync } from "node:zlib";
import { build } from "esbuild";

export interface BrowserBundle {
  readonly minifiedBytes: number;
  readonly gzipBytes: number;
  /** Node built-ins that the bundle would import, with the file that does; empty is what is wanted. */
  readonly nodeImports: readonly string[];
}

/** Bundles one file, without any schema library. */
export async function bundleForBrowser(
  entry: string,
  platform: "browser" | "neutral" = "browser",
): Promise<BrowserBundle> {
  const nodeImports: string[] = [];
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "esm",
    platform,
    mainFields: ["browser", "module", "main"],
    target: "es2022",
    write: false,
    logLevel: "silent",
    plugins: [
      {
        name: "no-node",
        setup: (builder) => {
          builder.onResolve({ filter: /^node:/ }, ({ path, importer }) => {
            nodeImports.push(`${path} from ${importer}`);
            return { path, external: true };
          });
        },
      },
    ],
  });
  const bytes = result.outputFiles[0]?.contents ?? new Uint8Array();
  return { minifiedBytes: bytes.length, gzipBytes: gzipSync(bytes, { level: 9 }).length, nodeImports };
}
