/** Helpers of the importers' tests: sources in memory, files in a private folder, the command as a real process. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** The text or bytes in chunks of `size` bytes, so that every cut between two bytes can be tried. */
export async function* chunked(content: string | Uint8Array, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

/** A file that is gone after the test. */
export async function file(t: TestContext, name: string, content: string | Uint8Array): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "shop-import-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** State directory of the commands that are told no other: one per test process, gone with it. */
const ownHome = mkdtempSync(join(tmpdir(), "shop-home-"));
process.once("exit", () => rmSync(ownHome, { recursive: true, force: true }));

/** Runs `main.ts` in a process of its own. */
export function command(...args: string[]): Promise<Ended> {
  return commandAt(ownHome, ...args);
}

/** Runs `main.ts` on the databases of a state directory. */
export function commandAt(home: string, ...args: string[]): Promise<Ended> {
  const main = new URL("main.ts", import.meta.url).pathname;
  const { DATABASE_URL: _, ...env } = process.env;
  return new Promise((resolve) => {
    const options = { env: { ...env, SKEIN_HOME: home } };
    execFile(process.execPath, ["--conditions=skein-src", main, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

export const header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";

/** A good row, with other fields where given. */
export function row(
  fields: Partial<Record<"invoice" | "code" | "title" | "quantity" | "date" | "price", string>> = {},
): string {
  const { invoice = "536365", code = "85123A", title = "HEART HOLDER", quantity = "6", price = "2.55" } = fields;
  const { date = "12/1/2010 8:26" } = fields;
  return [invoice, code, title, quantity, date, price, "17850", "United Kingdom"].join(",");
}
