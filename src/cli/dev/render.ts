/** Owns how an event looks on a terminal. It must never write, and never let text from outside through unescaped. */
import { renderFinding } from "../finding.ts";
import { createPaint, escapeControl, type Paint, problemLine } from "../terminal.ts";
import type { DevEvent } from "./protocol.ts";

type EventOf<Name extends DevEvent["event"]> = Extract<DevEvent, { readonly event: Name }>;

/** The event as lines of text, each ended, or an empty text when there is nothing to show. */
export function renderEvent(event: DevEvent, isColoured: boolean): string {
  const paint = createPaint(isColoured);
  switch (event.event) {
    case "ready":
      return renderReady(event, paint);
    case "reloaded":
      return `${paint("green", "reloaded")} in ${event.ms} ms${paint("dim", ` (${event.changed.map(escapeControl).join(", ")})`)}\n`;
    case "restarted":
      return `${paint("green", "restarted")}: serving again on ${event.url}\n`;
    case "warning":
      return `${paint("yellow", "warning:")} ${renderFinding(event, paint)}`;
    case "failed":
      return renderFailed(event, paint);
    case "crashed":
      return `${problemLine({ ...event, fix: `starting it again in ${event.restartMs} ms. ${event.fix}` }, paint)}\n`;
    case "request":
      return renderRequest(event, paint);
    case "log":
      return renderLog(event.line, paint);
    case "debugger":
      return `${paint("dim", `debugger: ${event.url}`)}\n`;
    case "stopping":
      return `${paint("dim", `stopping (${event.reason}): letting requests in flight finish; Ctrl+C again ends at once`)}\n`;
    case "stopped":
      return "";
  }
}

function renderReady(event: EventOf<"ready">, paint: Paint): string {
  const row = (name: string, text: string) => `  ${paint("dim", name.padEnd(10))}${text}\n`;
  return [
    `\n${paint("bold", event.system)} is ready in ${event.ms} ms\n\n`,
    row("open", paint("cyan", event.url)),
    row("docs", paint("cyan", event.docs)),
    row("services", event.services.join(", ")),
    row("data", event.home),
    row("stop", "Ctrl+C"),
    "\n",
  ].join("");
}

/** One request on one line: time, method, path, status, time taken, endpoint, error. */
function renderRequest(event: EventOf<"request">, paint: Paint): string {
  const style = event.status >= 500 ? "red" : event.status >= 400 ? "yellow" : "green";
  const parts = [
    paint("dim", event.time.slice(11, 23)),
    paint("bold", escapeControl(event.method).slice(0, 16).padEnd(6)),
    cut(escapeControl(event.path)),
    paint(style, String(event.status)),
    `${event.ms < 10 ? event.ms.toFixed(1) : String(Math.round(event.ms))} ms`,
  ];
  if (event.endpoint !== undefined) parts.push(paint("dim", event.endpoint));
  if (event.code !== undefined) parts.push(paint(style, escapeControl(event.code)));
  return `${parts.join(" ")}\n`;
}

const pathMax = 200;

function cut(text: string): string {
  return text.length <= pathMax ? text : `${text.slice(0, pathMax)}...`;
}

function renderFailed(event: EventOf<"failed">, paint: Paint): string {
  const at = event.at === undefined ? "" : `${event.at}: `;
  let text = `${problemLine({ ...event, message: `${at}${event.message}` }, paint)}\n`;
  for (const line of event.frame ?? []) text += `  ${paint("dim", escapeKeepingTabs(line))}\n`;
  for (const finding of event.findings) text += `${paint("red", "error:")} ${renderFinding(finding, paint)}`;
  if (event.isServing) text += paint("dim", "the code before this change keeps serving\n");
  return text;
}

function renderLog(line: Readonly<Record<string, unknown>>, paint: Paint): string {
  const { time, level, message, error, ...fields } = line;
  const style = level === "error" ? "red" : level === "warn" ? "yellow" : "dim";
  const rest = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  const head = [
    paint("dim", String(time).slice(11, 23)),
    paint(style, String(level).padEnd(6)),
    escapeControl(String(message)),
  ];
  if (rest.length > 0) head.push(paint("dim", escapeControl(rest.join(" "))));
  return `${head.join(" ")}\n${renderError(error, paint)}`;
}

/** An error in a log with its causes; the stack keeps its lines, since a person reads it here. */
function renderError(error: unknown, paint: Paint): string {
  if (error === undefined) return "";
  if (typeof error !== "object" || error === null) return `  ${paint("dim", escapeControl(JSON.stringify(error)))}\n`;
  const { stack, message, cause } = error as { stack?: unknown; message?: unknown; cause?: unknown };
  const lines = (typeof stack === "string" ? stack : typeof message === "string" ? message : JSON.stringify(error))
    .split("\n")
    .slice(0, 12);
  const text = lines.map((line) => `  ${paint("dim", escapeKeepingTabs(line))}\n`).join("");
  return cause === undefined ? text : `${text}  ${paint("dim", "caused by")}\n${renderError(cause, paint)}`;
}

function escapeKeepingTabs(text: string): string {
  return text.split("\t").map(escapeControl).join("\t");
}
