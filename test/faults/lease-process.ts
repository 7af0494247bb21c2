/**
 * Owns one of two processes of which one leads, in several lanes that have nothing to do with each other: in each it writes
 * for as long as it leads, and starts anew as a standby when it does not. It must never repair what it wrote.
 *
 * Arguments: state directory, its name, lanes, longest pause inside a transaction, pause between two, in milliseconds. In every second lane the
 * process believes for ever that it leads, so that only the row keeps its transactions from committing.
 */
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { contract, action } from "../../src/contract/index.ts";
import { systemClock, systemRandom } from "../../src/core/index.ts";
import { database, Leader, migration } from "../../src/data/index.ts";
import { isSkeinError } from "../../src/errors/index.ts";
import { createHost } from "../../src/host/index.ts";
import { silentLog } from "../../src/observe/index.ts";
import { type Leadership, service, system } from "../../src/system/index.ts";

/** What it prints, a line each. */
export interface LaneSays {
  readonly lane: number;
  readonly is: "standby" | "leads" | "wrote" | "refused" | "lost";
  readonly code?: string;
}

interface Tables {
  ledger: { n: number; writer: string };
}

export const laneName = (lane: number): string => `lane${lane}`;
export const isBlind = (lane: number): boolean => lane % 2 === 1;

if (import.meta.main) await main();

async function main(): Promise<void> {
  const [home = "", name = "", lanes = "1", holdMs = "10", gapMs = "10"] = process.argv.slice(2);
  process.on("disconnect", () => process.exit(0));
  const running = Array.from({ length: Number(lanes) }, (_, lane) =>
    runLane(lane, { home, name, holdMs: Number(holdMs), gapMs: Number(gapMs) }),
  );
  await Promise.all(running);
}

function say(message: LaneSays): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function runLane(
  lane: number,
  options: { readonly home: string; readonly name: string; readonly holdMs: number; readonly gapMs: number },
): Promise<never> {
  for (let life = 1; ; life++) {
    const leads = Promise.withResolvers<void>();
    let isLost = false;
    const leader = new Leader({
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      onLead: () => leads.resolve(),
      onLost: () => (isLost = true),
    });
    const whole = systemOf(lane, `${options.name}${life}`, options.holdMs);
    const host = await createHost(whole, {
      home: options.home,
      mode: "development",
      leader: isBlind(lane) ? blind(leader) : leader,
    });
    say({ lane, is: "standby" });
    await leads.promise;
    say({ lane, is: "leads" });
    while (!isLost) {
      try {
        await host.call(laneName(lane), "write", undefined);
        say({ lane, is: "wrote" });
      } catch (error) {
        say({ lane, is: "refused", code: isSkeinError(error) ? error.code : String(error) });
      }
      await pause(options.gapMs);
    }
    say({ lane, is: "lost" });
    await host.close();
  }
}

/** Reads, waits and writes what follows from what it read: whoever does so at the same time writes the same number. */
function systemOf(lane: number, writer: string, holdMs: number) {
  const Lane = contract(laneName(lane), { write: action({ output: z.null() }) });
  const db = database<Tables>(laneName(lane), {
    dialect: "portable",
    poolMax: 2,
    migrations: [migration("001_ledger", ["create table ledger (n integer not null, writer varchar(60) not null)"])],
  });
  const code = service(Lane, { has: { db }, policy: { write: { access: "public" } } }).implement({
    write: (_input, own) =>
      own.db.transaction(async (tx) => {
        const last = await tx
          .selectFrom("ledger")
          .select((eb) => eb.fn.max("n").as("n"))
          .executeTakeFirstOrThrow();
        await pause(systemRandom.float() * holdMs);
        await tx
          .insertInto("ledger")
          .values({ n: Number(last.n ?? 0) + 1, writer })
          .execute();
        return null;
      }),
  });
  return system("lanes", { services: [code] });
}

/** A leader whose transactions do not ask whether its lease may be over, as if it had been stopped since it did. */
function blind(leader: Leader): Leadership {
  return {
    get isLeading() {
      return leader.isLeading;
    },
    join(service, database, leases) {
      const fence = leader.join(service, database, leases);
      let known: number | undefined;
      const epoch = (): number => {
        try {
          return (known = fence.epoch());
        } catch (error) {
          if (known === undefined) throw error;
          return known;
        }
      };
      return { name: fence.name, epoch };
    },
    joinFile: (context) => leader.joinFile(context),
    run: (lead, lose) => leader.run(lead, lose),
    close: () => leader.close(),
  };
}
