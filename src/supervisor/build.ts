/**
 * Owns what a build is: the file of a system in a directory, and the Skein that its hosts run on. It must never import
 * either: what a build's code does is for processes of that build.
 */
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { skeinError } from "../errors/index.ts";

/** One version of a system, where it can be started from. */
export interface Build {
  /** The file whose default export is the system, without links: `current` may lead elsewhere tomorrow. */
  readonly file: string;
  /** The directory of its own Skein; absent where it is the one that runs here. */
  readonly skein?: string;
}

/** Of the Skein that runs here: `src` or `dist`, and the package around it. */
const ownFolder = fileURLToPath(new URL("..", import.meta.url));
const ownPackage = realpathSync(path.join(ownFolder, ".."));
const isFromSource = import.meta.url.endsWith(".ts");

/** The build of this system file, which must be there. */
export function buildOf(file: string): Build {
  const real = realpathSync(file);
  const skein = skeinOf(real);
  return { file: real, ...(skein !== undefined && { skein }) };
}

export function sameBuild(a: Build, b: Build): boolean {
  return a.file === b.file && a.skein === b.skein;
}

/** How people know it. */
export function directoryOf({ file }: Build): string {
  return path.dirname(file);
}

/** A main module of the Skein that a build runs on: `supervisor/host-main`. */
export function moduleOf({ skein }: Build, name: string): string {
  if (skein !== undefined) return path.join(skein, "dist", `${name}.js`);
  return path.join(ownFolder, `${name}.${isFromSource ? "ts" : "js"}`);
}

/** Node's own arguments for a process of this build: those of this one, without what only this Skein's sources need. */
export function nodeArgumentsOf({ skein }: Build): string[] {
  return process.execArgv.filter(
    (argument) => !argument.startsWith("--inspect") && !(skein !== undefined && argument.endsWith("=skein-src")),
  );
}

/**
 * The build in `given`: a system file, or a directory that has one where the running build has it, below its package or
 * directly. Throws `SKEIN_ROLL_REFUSED`, naming where was looked, and for a Skein that this one cannot talk to.
 */
export function findBuild(given: string, running: Build): Build {
  if (!existsSync(given)) throw refused(`there is no ${given}`);
  const candidates = statSync(given).isDirectory() ? placesIn(given, running.file) : [given];
  const file = candidates.find((one) => existsSync(one) && statSync(one).isFile());
  if (file === undefined) throw refused(`${given} has no system file; looked for ${candidates.join(", ")}`);
  const build = buildOf(file);
  assertSpeaks(build);
  return build;
}

/** With either ending: one of the two builds may be compiled. */
function placesIn(directory: string, running: string): string[] {
  const inPackage = path.relative(packageOf(running), running);
  const names = [...new Set([inPackage, path.basename(running)])];
  return names.flatMap((name) => {
    const { dir, name: base, ext } = path.parse(name);
    const endings = [ext, ...[".ts", ".js"].filter((other) => other !== ext)];
    return endings.map((ending) => path.join(directory, dir, base + ending));
  });
}

/** The nearest directory above a file that has a package.json, or its own where none has. */
function packageOf(file: string): string {
  for (let at = path.dirname(file); ; at = path.dirname(at)) {
    if (existsSync(path.join(at, "package.json"))) return at;
    if (at === path.dirname(at)) return path.dirname(file);
  }
}

function skeinOf(file: string): string | undefined {
  try {
    const found = path.dirname(realpathSync(createRequire(file).resolve("skein/package.json")));
    return found === ownPackage ? undefined : found;
  } catch {
    // It has none that can be found from there.
    return undefined;
  }
}

/** Supervisor and hosts speak a language of their own, which only versions of the same line share. */
function assertSpeaks(build: Build): void {
  if (build.skein === undefined) return;
  const [own, other] = [ownPackage, build.skein].map((at) => lineOf(path.join(at, "package.json")));
  if (own !== other)
    throw refused(
      `it runs on Skein ${other} and the supervisor is ${own}: end the system and start it with the new one`,
    );
  const main = moduleOf(build, "supervisor/host-main");
  if (!existsSync(main)) throw refused(`its Skein is not whole: there is no ${main}`);
}

/** `1`, and before that `0.3`: what may break what (semver.org, 4). */
function lineOf(file: string): string {
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { readonly version: string };
  const [major = "", minor = ""] = version.split(".");
  return major === "0" ? `0.${minor}` : major;
}

function refused(detail: string) {
  return skeinError("SKEIN_ROLL_REFUSED", detail);
}
