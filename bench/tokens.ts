/**
 * What one token costs on the way to its principal, good ones and each forged or broken one, in microseconds:
 * `node --conditions=skein-src bench/tokens.ts [--json]`. It must never fail for being slow: it prints.
 */
import { parseArgs } from "node:util";
import * as z from "zod";
import { define, jwt } from "skein";
import { systemClock } from "../src/core/index.ts";
import { audience, badTokens, createIssuer, goodTokens, issuer } from "../src/gateway/authenticate/fixtures/tokens.ts";
import { openGate } from "../src/gateway/authenticate/gate.ts";
import { silentLog } from "../src/observe/index.ts";

const rounds = 200;
const { json } = parseArgs({ options: { json: { type: "boolean", default: false } } }).values;
const by = createIssuer();
const Who = z.object({
  subject: z.string(),
  roles: z.array(z.enum(["customer", "admin"])),
  tenant: z.string().optional(),
});
const { system } = define({ principal: Who, authenticate: [jwt({ issuer, audience, keys: { set: by.set } })] });
const now = Math.floor(Date.now() / 1_000);
// Time stands still: a token that is refused for the next second only stays so.
const clock = { ...systemClock, now: () => now * 1_000 };
const settings = { mode: "production", home: ".skein", env: {}, clock, log: silentLog } as const;
const gate = await openGate(system("bench", { services: [] }), settings);
if (gate === undefined) throw new Error("the system has an authenticator");

interface Row {
  readonly name: string;
  readonly isGood: boolean;
  accepted: number;
  serverErrors: number;
  readonly micros: number[];
}

const rows: Array<Row & { readonly token: string }> = [
  ...goodTokens(by, now).map(([name, token]) => ({
    name,
    token,
    isGood: true,
    accepted: 0,
    serverErrors: 0,
    micros: [],
  })),
  ...badTokens(by, now).map(([name, token]) => ({
    name,
    token,
    isGood: false,
    accepted: 0,
    serverErrors: 0,
    micros: [],
  })),
];
for (let round = 0; round < rounds; round++) {
  for (const row of rows) {
    const request = {
      verb: "GET",
      header: (name: string) => (name === "authorization" ? `Bearer ${row.token}` : undefined),
    };
    const began = performance.now();
    try {
      await gate.principalOf(request, "0".repeat(32));
      row.accepted++;
    } catch (error) {
      if ((error as { status?: number }).status !== 401) row.serverErrors++;
    }
    row.micros.push((performance.now() - began) * 1_000);
  }
}

const at = (sorted: readonly number[], share: number) =>
  Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
const results = rows
  .map(({ name, isGood, accepted, serverErrors, micros }) => {
    const sorted = micros.toSorted((a, b) => a - b);
    return { name, isGood, accepted, serverErrors, p50: at(sorted, 0.5), p99: at(sorted, 0.99), max: at(sorted, 1) };
  })
  .toSorted((a, b) => b.p50 - a.p50);
const bad = results.filter((row) => !row.isGood);
const summary = {
  rounds,
  goodTokens: results.length - bad.length,
  goodAccepted: results.filter((row) => row.isGood && row.accepted === rounds).length,
  badTokens: bad.length,
  badAccepted: bad.filter((row) => row.accepted > 0).length,
  serverErrors: bad.filter((row) => row.serverErrors > 0).length,
  badWorstMedianMicros: bad[0]?.p50,
  badWorstMedianName: bad[0]?.name,
  goodMedianMicros: Object.fromEntries(results.filter((row) => row.isGood).map((row) => [row.name, row.p50])),
};
if (json) console.log(JSON.stringify({ summary, results }));
else {
  for (const row of results)
    console.log(
      `${String(row.p50).padStart(6)} us  p99 ${String(row.p99).padStart(6)}  ${row.isGood ? "good" : "bad "}  ${row.name}`,
    );
  console.log(summary);
}
