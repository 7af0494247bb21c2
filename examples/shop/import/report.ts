/**
 * What an import did: its counters, and how they are shown while it runs and at its end.
 * Must never decide anything about a row, and must never print on its own: it is given where to write.
 */

/** Milliseconds from any start, never going back: `performance.now()`, or a test's own. */
export interface Clock {
  monotonic(): number;
}

export type ImportFormat = "online-retail" | "baskets";

/** The last word of an import; with `--json` the only one. */
export interface ImportReport {
  readonly file: string;
  readonly format: ImportFormat;
  /** Rows, or basket lines, met: always `accepted` plus all `rejected`. */
  readonly read: number;
  readonly accepted: number;
  readonly rejected: Readonly<Record<string, number>>;
  /** Single codes left out of basket lines that were accepted otherwise. Only for baskets. */
  readonly rejectedItems?: Readonly<Record<string, number>>;
  /** Products listed, that is, with a title. */
  readonly products: number;
  /** Codes that were sold, listed or not. */
  readonly codes: number;
  /** Baskets paired: invoices, or basket lines. */
  readonly baskets: number;
  /** Baskets over the pair counter's item limit, which were sampled. */
  readonly basketsSampled: number;
  /** Codes for which related products were stored. */
  readonly codesWithRelated: number;
  readonly seconds: number;
  readonly rowsPerSecond: number;
  readonly peakRssMb: number;
}

/** Where a run writes; `isTerminal` says whether a line can be rewritten in place. */
export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
}

export interface Progress {
  /** Called as often as the import likes; it writes at most as often as it should. */
  update(now: { bytesRead: number; rows: number }): void;
  /** Clears the line that was rewritten. Safe to call twice. */
  close(): void;
}

const terminalEveryMs = 100;
const plainEveryMs = 5_000;
const barWidth = 24;

/** A progress bar: on a terminal one line rewritten ten times a second, elsewhere a new line every 5 s. */
export function createProgress(output: Output, clock: Clock, bytesTotal: number): Progress {
  const startedMs = clock.monotonic();
  const everyMs = output.isTerminal ? terminalEveryMs : plainEveryMs;
  let lastMs = startedMs;
  let isDrawn = false;
  return {
    update({ bytesRead, rows }) {
      const nowMs = clock.monotonic();
      if (nowMs - lastMs < everyMs) return;
      lastMs = nowMs;
      const text = progressLine({ bytesRead, bytesTotal, rows, seconds: (nowMs - startedMs) / 1_000 });
      output.write(output.isTerminal ? `\r\u{1b}[2K${text}` : `${text}\n`);
      isDrawn = output.isTerminal;
    },
    close() {
      if (isDrawn) output.write("\r\u{1b}[2K");
      isDrawn = false;
    },
  };
}

/** One line of progress: bar, bytes read of all, rows a second, time left. */
export function progressLine(now: { bytesRead: number; bytesTotal: number; rows: number; seconds: number }): string {
  const share = now.bytesTotal === 0 ? 1 : Math.min(1, now.bytesRead / now.bytesTotal);
  const filled = Math.round(share * barWidth);
  const bar = "#".repeat(filled).padEnd(barWidth, ".");
  const rate = now.seconds === 0 ? 0 : now.rows / now.seconds;
  const left = share === 0 ? "?" : `${Math.ceil((now.seconds / share) * (1 - share))} s`;
  return `[${bar}] ${megabytes(now.bytesRead)} of ${megabytes(now.bytesTotal)} MB, ${whole(rate)} rows/s, ${left} left`;
}

/** The report for people. */
export function formatReport(report: ImportReport): string {
  const reasons = (counts: Readonly<Record<string, number>>): string[] =>
    Object.entries(counts).map(([reason, count]) => `    ${reason.padEnd(18)} ${whole(count).padStart(9)}`);
  const total = (counts: Readonly<Record<string, number>>): number =>
    Object.values(counts).reduce((sum, count) => sum + count, 0);
  const items = report.rejectedItems ?? {};
  return [
    `${report.file} (${report.format})`,
    `  read     ${whole(report.read)} rows in ${report.seconds.toFixed(1)} s: ${whole(report.rowsPerSecond)} rows/s, at most ${report.peakRssMb} MB`,
    `  accepted ${whole(report.accepted)}`,
    `  rejected ${whole(total(report.rejected))}`,
    ...reasons(report.rejected),
    ...(total(items) === 0
      ? []
      : [`  items left out of accepted or empty baskets ${whole(total(items))}`, ...reasons(items)]),
    `  listed   ${whole(report.products)} products, ${whole(report.codes)} codes`,
    `  baskets  ${whole(report.baskets)}, ${whole(report.basketsSampled)} of them too large to pair whole`,
    `  related  stored for ${whole(report.codesWithRelated)} codes`,
  ].join("\n");
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}
