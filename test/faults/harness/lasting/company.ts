/**
 * Owns what is under way all the time while hosts make room: a stream, uploads that overlap, transactions one after the other.
 * It must never wait for a move, nor a move for it longer than one upload takes.
 */
import { createHash, randomBytes } from "node:crypto";
import { request } from "node:http";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { EventReader, gapsOf } from "./reader.ts";

/**
 * The old hosts of a move serve what they have for 5 s before they drain: what is to be under way then takes longer. An upload
 * takes 9 s, and four of them overlap.
 */
const upload = { pieces: 90, everyMs: 100, bytes: 16_384, atOnce: 4 } as const;
/** Transactions, in turn. */
const holdsMs = [1_500, 8_000] as const;
const resendsMax = 40;

export class Company {
  readonly #urlOf: () => string;
  readonly #reader: EventReader;
  readonly #workers: readonly Promise<void>[];
  readonly #violations: string[] = [];
  readonly #held: string[] = [];
  #uploads = 0;
  #resends = 0;
  #isOver = false;

  constructor(urlOf: () => string) {
    this.#urlOf = urlOf;
    this.#reader = new EventReader(() => `${urlOf()}/lasting/numbers`);
    this.#workers = [...Array.from({ length: upload.atOnce }, (_, i) => this.#keepUploading(i)), this.#keepHolding()];
  }

  /** Ends all of it; what it has seen. */
  async end(): Promise<{ readonly figures: Record<string, number>; readonly violations: readonly string[] }> {
    // The stream goes on after the last move, too.
    const { length } = this.#reader.events;
    const wrong = await this.#reader.until(length + 10, 10_000).catch((error: unknown) => [String(error)]);
    this.#isOver = true;
    await Promise.all([...this.#workers, this.#reader.close()]);
    const { events, connections, silenceMs, gaveUp } = this.#reader;
    const gaps = gapsOf(events.map(({ id }) => id));
    return {
      figures: {
        streamItems: events.length,
        streamConnections: connections,
        streamSilenceMs: Math.round(silenceMs),
        streamHosts: new Set(events.map(({ data }) => (JSON.parse(data) as { pid: number }).pid)).size,
        uploads: this.#uploads,
        transactions: this.#held.length,
        transactionResends: this.#resends,
      },
      violations: [...this.#violations, ...gaps, ...(gaveUp === undefined ? [] : [gaveUp]), ...(wrong ?? [])],
    };
  }

  /** What its database says at the end: each transaction happened once. */
  wrongRows(home: string): string[] {
    const database = new DatabaseSync(path.join(home, "data/lasting.sqlite"), { readOnly: true });
    try {
      const rows = database.prepare("select name, count(*) as times from held group by name").all();
      const times = new Map(rows.map((row) => [String(row["name"]), Number(row["times"])]));
      return this.#held.filter((name) => times.get(name) !== 1).map((name) => `${name}: ${times.get(name) ?? 0} rows`);
    } finally {
      database.close();
    }
  }

  async #keepUploading(nth: number): Promise<void> {
    await pause((nth * upload.pieces * upload.everyMs) / upload.atOnce);
    while (!this.#isOver) {
      this.#uploads++;
      await uploadSlowly(this.#urlOf(), upload).catch((error: unknown) =>
        this.#violations.push(`an upload broke: ${String(error)}`),
      );
    }
  }

  async #keepHolding(): Promise<void> {
    for (let i = 1; !this.#isOver; i++) {
      const name = `transaction-${String(i).padStart(8, "0")}`;
      this.#held.push(name);
      await this.#hold(name, holdsMs[i % holdsMs.length] ?? 0);
    }
  }

  /** Until its outcome is definite, with one key. */
  async #hold(name: string, ms: number): Promise<void> {
    let last = "";
    for (let resend = 0; resend <= resendsMax; resend++) {
      if (resend > 0) this.#resends++;
      try {
        const response = await fetch(`${this.#urlOf()}/lasting/rows`, {
          method: "POST",
          headers: { "content-type": "application/json", "idempotency-key": name, connection: "close" },
          body: JSON.stringify({ name, ms }),
        });
        last = `${response.status} ${await response.text()}`;
        if (response.status === 200) {
          const { rows } = JSON.parse(last.slice(4)) as { readonly rows: number };
          if (rows !== 1) this.#violations.push(`${name}: its transaction saw ${rows} rows`);
          return;
        }
      } catch (error) {
        last = String(error);
      }
      this.#violations.push(`${name} was not answered at once: ${last.slice(0, 300)}`);
      await pause(250);
    }
    this.#violations.push(`${name} has no definite outcome`);
  }
}

/** As slow as a phone: so many pieces. Rejects where not all of it arrived. */
export async function uploadSlowly(
  url: string,
  { pieces, everyMs, bytes: length }: { readonly pieces: number; readonly everyMs: number; readonly bytes: number },
): Promise<void> {
  const hash = createHash("sha256");
  const answered = Promise.withResolvers<{ readonly status: number; readonly text: string }>();
  answered.promise.catch(() => undefined);
  const headers = { "content-type": "application/octet-stream" };
  const sending = request(`${url}/lasting/files`, { method: "POST", headers, agent: false }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (part: string) => (text += part));
    response.on("end", () => answered.resolve({ status: response.statusCode ?? 0, text }));
    response.on("error", answered.reject);
  });
  sending.on("error", answered.reject);
  for (let piece = 0; piece < pieces && !sending.destroyed; piece++) {
    const bytes = randomBytes(length);
    hash.update(bytes);
    sending.write(bytes);
    await pause(everyMs);
  }
  sending.end();
  const { status, text } = await answered.promise;
  if (status !== 200) throw new Error(`${status} ${text.slice(0, 300)}`);
  const { size, sha256 } = JSON.parse(text) as { readonly size: number; readonly sha256: string };
  if (size !== pieces * length || sha256 !== hash.digest("hex"))
    throw new Error(`${size} bytes arrived, and not those that were sent`);
}
