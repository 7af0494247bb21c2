/** Owns how a finding of the check reads. It must never change its words. */
import { escapeControl, type Paint } from "./terminal.ts";

export interface FindingText {
  readonly code: string;
  readonly where: string;
  readonly message: string;
  readonly fix: string;
}

/** Where and what on one line, what to do on the next. */
export function renderFinding(finding: FindingText, paint: Paint): string {
  const head = `${paint("bold", escapeControl(finding.where))}: ${escapeControl(finding.message)}`;
  return `${head} ${paint("dim", `[${finding.code}]`)}\n  fix: ${escapeControl(finding.fix)}\n`;
}
