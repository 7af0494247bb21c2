/**
 * Owns which child serves: it starts the next one beside the one that serves, hands the port over when the next is
 * ready, and starts again what crashed. It must never stop a child that serves for one that does not load.
 */
import { statSync } from "node:fs";
import type { Clock, Timer } from "../../core/index.ts";
import { skeinError } from "../../errors/index.ts";
import { toProblem } from "../terminal.ts";
import { type Child, startChild } from "./child-process.ts";
import type { DevEvent, FindingLine, Inspect, Report } from "./protocol.ts";
import { createFileWatch, type FileWatch } from "./watch.ts";

export interface SupervisorOptions {
  readonly file: string;
  readonly home: string;
  readonly port: number;
  readonly hostname: string;
  readonly isJson: boolean;
  readonly inspect: Inspect | undefined;
  readonly clock: Clock;
  readonly show: (event: DevEvent) => void;
  readonly shorten: (file: string) => string;
}

/** A burst of events is one change: editors write, rename and touch. */
const debounceMs = 20;
/** The old child's time to finish what is in flight after a reload, and at the end of everything. */
const reloadDrainMs = 2_000;
const stopDrainMs = 20_000;
/** How long the old child may take to let the port go: it may stand at a breakpoint, or in an endless loop. */
const releaseMs = 1_000;
/** A child that says it has ended may still be held by a debugger. */
const exitMs = 300;
const backoffMs = { first: 100, most: 5_000, forgottenAfter: 10_000 };

type Stage = "spare" | "loading" | "ready" | "waiting" | "listening" | "serving" | "ending";

interface Run {
  readonly child: Child;
  stage: Stage;
  /** Wall time of the order to load, to compare with when files were modified. */
  loadedAt: number;
  /** What changed, for the line that says so; empty for the first start and after a crash. */
  changed: readonly string[];
  /** On the monotonic clock: when the first of those changes was noticed, or the start. */
  sinceMs: number;
  files: readonly string[];
  servingSinceMs: number;
  system: string;
  services: readonly string[];
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #watch: FileWatch;
  readonly #finished = Promise.withResolvers<number>();
  readonly #retiring = new Set<Run>();
  readonly #changed = new Set<string>();
  readonly #warned = new Set<string>();
  #serving: Run | undefined;
  #next: Run | undefined;
  /** Booted, with the framework loaded and none of the system: it takes the next change in a third of the time. */
  #spare: Run | undefined;
  #port: number;
  #inspect: Inspect | undefined;
  #changedAtMs = 0;
  #debounce: Timer | undefined;
  #retry: Timer | undefined;
  #backoff = backoffMs.first;
  #hasServed = false;
  #isStopping = false;
  #lastFailure = "";

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#port = options.port;
    this.#inspect = options.inspect;
    this.#watch = createFileWatch(
      (file) => this.#noticed(file),
      (error) => options.show({ event: "warning", where: "skein dev", ...toProblem(error) }),
    );
  }

  /** Resolves with the exit code when everything has ended. */
  run(): Promise<number> {
    this.#start([], this.#options.clock.monotonic());
    return this.#finished.promise;
  }

  /** Lets requests in flight finish and ends with 0. */
  stop(reason: string): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#quiet();
    this.#options.show({ event: "stopping", reason });
    const runs = this.#all();
    for (const run of runs) {
      if (run === this.#serving) run.child.tell({ do: "end", withinMs: stopDrainMs });
      else if (!this.#retiring.has(run)) run.child.kill();
    }
    const limit = this.#options.clock.after(stopDrainMs + 5_000, () => runs.forEach((run) => run.child.kill()));
    void Promise.all(runs.map((run) => run.child.gone)).then(() => {
      limit.cancel();
      this.#finish(0);
    });
  }

  /** Kills what runs. */
  stopNow(exit: number): void {
    this.#isStopping = true;
    this.#quiet();
    for (const run of this.#all()) run.child.kill();
    this.#finish(exit);
  }

  #all(): Run[] {
    return [this.#next, this.#spare, this.#serving, ...this.#retiring].filter((run) => run !== undefined);
  }

  #quiet(): void {
    this.#watch.close();
    this.#debounce?.cancel();
    this.#retry?.cancel();
  }

  #finish(exit: number): void {
    this.#quiet();
    this.#options.show({ event: "stopped", exit });
    this.#finished.resolve(exit);
  }

  #spawn(): Run {
    const { file, home, hostname, isJson } = this.#options;
    const child = startChild({ file, home, hostname, isJson }, (report) => this.#heard(run, report));
    const run: Run = {
      child,
      stage: "spare",
      loadedAt: 0,
      changed: [],
      sinceMs: 0,
      files: [],
      servingSinceMs: 0,
      system: "",
      services: [],
    };
    void child.gone.then((how) => this.#gone(run, how));
    return run;
  }

  #start(changed: readonly string[], sinceMs: number): void {
    this.#retry?.cancel();
    const run = this.#spare ?? this.#spawn();
    this.#spare = undefined;
    this.#next = Object.assign(run, { stage: "loading", loadedAt: this.#options.clock.now(), changed, sinceMs });
    // Otherwise the debugger's port is held by the child before, and the order comes when that one has ended.
    const inspect = this.#isPortOfDebuggerFree() ? this.#inspect : undefined;
    run.child.tell({ do: "load", ...(inspect !== undefined && { inspect }) });
  }

  #isPortOfDebuggerFree(): boolean {
    return this.#serving === undefined && this.#retiring.size === 0;
  }

  #noticed(file: string): void {
    if (this.#isStopping) return;
    if (this.#changed.size === 0) this.#changedAtMs = this.#options.clock.monotonic();
    this.#changed.add(file);
    this.#debounce?.cancel();
    this.#debounce = this.#options.clock.after(debounceMs, () => this.#reload());
  }

  #reload(): void {
    // The port is changing hands: the change is taken up when that is over.
    if (this.#next !== undefined && this.#next.stage !== "loading") return;
    this.#debounce?.cancel();
    if (this.#changed.size === 0) return;
    const changed = [...this.#changed].map((file) => this.#options.shorten(file));
    this.#changed.clear();
    const before = this.#next;
    this.#next = undefined;
    before?.child.kill();
    this.#start(changed, this.#changedAtMs);
  }

  #heard(run: Run, report: Report): void {
    if (report.is === "event") return this.#options.show(keepPort(report.event, (port) => this.#keepInspectPort(port)));
    if (report.is === "signalled") return this.stop("a signal to its process");
    if (run !== this.#next && run !== this.#serving && !this.#retiring.has(run)) return;
    switch (report.is) {
      case "loaded":
        return this.#loaded(run, [...report.files, ...report.missing]);
      case "ready":
        return this.#ready(run, report);
      case "failed":
        return this.#failed(run, report);
      case "released":
        if (this.#next?.stage === "waiting") this.#listen(this.#next);
        return;
      case "listening":
        return this.#listening(run, report.url, report.port);
      case "ended":
        this.#options.clock.after(exitMs, () => run.child.kill(), { unref: true });
        return;
    }
  }

  #keepInspectPort(port: number): void {
    if (this.#inspect !== undefined) this.#inspect = { ...this.#inspect, port };
  }

  #loaded(run: Run, files: readonly string[]): void {
    run.files = files;
    this.#watch.set(new Set([this.#options.file, ...files, ...(this.#serving?.files ?? [])]));
    if (run !== this.#next) return;
    // Saved while it was loading, in a directory nobody watched yet.
    for (const file of files) if (modifiedAt(file) >= run.loadedAt) this.#noticed(file);
  }

  #ready(run: Run, report: Extract<Report, { is: "ready" }>): void {
    if (run !== this.#next || this.#isStopping) return;
    run.system = report.system;
    run.services = report.services;
    this.#warn(report.findings);
    const before = this.#serving;
    if (before === undefined) return this.#listen(run);
    run.stage = "waiting";
    this.#retire(before);
  }

  /** The old child lets the port go; one that cannot (a breakpoint, an endless loop) is killed. */
  #retire(before: Run): void {
    before.stage = "ending";
    this.#retiring.add(before);
    this.#serving = undefined;
    before.child.tell({ do: "end", withinMs: reloadDrainMs });
    const { clock } = this.#options;
    clock.after(releaseMs, () => this.#next?.stage === "waiting" && before.child.kill(), { unref: true });
    clock.after(reloadDrainMs + 2_500, () => before.child.kill(), { unref: true });
  }

  #listen(run: Run): void {
    run.stage = "listening";
    run.child.tell({ do: "listen", port: this.#port });
  }

  #listening(run: Run, url: string, port: number): void {
    const { clock, show, home } = this.#options;
    const now = clock.monotonic();
    const ms = Math.round(now - run.sinceMs);
    this.#serving = run;
    this.#next = undefined;
    this.#port = port;
    run.stage = "serving";
    run.servingSinceMs = now;
    this.#lastFailure = "";
    const { pid } = run.child;
    if (!this.#hasServed) {
      show({ event: "ready", system: run.system, services: run.services, url, docs: `${url}/docs`, home, ms, pid });
    } else if (run.changed.length > 0) show({ event: "reloaded", ms, changed: run.changed, url, pid });
    else show({ event: "restarted", url, pid });
    // Only for who edits: the first reload is without, so that a system that just runs has no idle process beside it.
    if (run.changed.length > 0) this.#spare ??= this.#spawn();
    this.#hasServed = true;
    this.#offerInspect();
    if (this.#changed.size > 0 && !this.#isStopping) this.#reload();
  }

  #offerInspect(): void {
    if (this.#inspect !== undefined && this.#retiring.size === 0)
      this.#serving?.child.tell({ do: "inspect", inspect: this.#inspect });
  }

  #failed(run: Run, report: Extract<Report, { is: "failed" }>): void {
    if (run !== this.#next) return;
    const isServing = this.#serving !== undefined;
    const words = JSON.stringify([report.failure, report.findings]);
    // A start that is tried again and again fails the same way: once is enough to read.
    if (run.changed.length > 0 || words !== this.#lastFailure) {
      this.#options.show({ event: "failed", ...report.failure, findings: report.findings, isServing });
    }
    this.#lastFailure = words;
    this.#lost(run);
  }

  #gone(run: Run, how: string): void {
    if (this.#retiring.delete(run)) {
      if (this.#next?.stage === "waiting") this.#listen(this.#next);
      this.#offerInspect();
      return;
    }
    if (this.#isStopping) return;
    if (run === this.#spare) {
      this.#spare = undefined;
    } else if (run === this.#serving) {
      this.#serving = undefined;
      const served = this.#options.clock.monotonic() - run.servingSinceMs;
      if (served > backoffMs.forgottenAfter) this.#backoff = backoffMs.first;
      this.#crashed(how);
    } else if (run === this.#next) {
      const problem = toProblem(skeinError("SKEIN_DEV_CRASHED", `the system ended while it was starting (${how})`));
      this.#options.show({ event: "failed", ...problem, findings: [], isServing: this.#serving !== undefined });
      this.#lost(run);
    }
  }

  /** The next child will not serve. The first start must succeed; later the old child serves on, or the start is tried again. */
  #lost(run: Run): void {
    this.#next = undefined;
    run.child.kill();
    if (!this.#hasServed) return void run.child.gone.then(() => this.#finish(1));
    if (this.#serving === undefined) this.#tryLater();
    else if (this.#changed.size > 0) this.#reload();
  }

  #crashed(how: string): void {
    const problem = toProblem(skeinError("SKEIN_DEV_CRASHED", `the system ended unexpectedly (${how})`));
    this.#options.show({ event: "crashed", restartMs: this.#backoff, ...problem });
    // A child that is loading already is the restart.
    if (this.#next === undefined) this.#tryLater();
  }

  #tryLater(): void {
    if (this.#isStopping) return;
    this.#retry?.cancel();
    this.#retry = this.#options.clock.after(this.#backoff, () => {
      if (this.#next === undefined && this.#serving === undefined) this.#start([], this.#options.clock.monotonic());
    });
    this.#backoff = Math.min(this.#backoff * 2, backoffMs.most);
  }

  #warn(findings: readonly FindingLine[]): void {
    for (const { level, ...finding } of findings) {
      const words = `${finding.code} ${finding.where} ${finding.message}`;
      if (level !== "warning" || this.#warned.has(words)) continue;
      this.#warned.add(words);
      this.#options.show({ event: "warning", ...finding });
    }
  }
}

/** An address of a debugger holds the port that the children after this one must take. */
function keepPort(event: DevEvent, keep: (port: number) => void): DevEvent {
  if (event.event === "debugger") keep(Number(new URL(event.url).port));
  return event;
}

function modifiedAt(file: string): number {
  try {
    return statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}
