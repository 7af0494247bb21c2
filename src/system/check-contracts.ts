/** Owns what the check says of two versions of a system's contracts. It must never decide what breaks: the comparison does. */
import { compareContracts, type ContractsFile } from "../contract/compatibility/index.ts";
import { type Finding, finding } from "./finding.ts";

/** What breaks is an error, what only a roll may meet is a warning. */
export function checkContracts(before: ContractsFile, after: ContractsFile): Finding[] {
  return compareContracts(before, after).map(({ level, where, message }) =>
    level === "breaking"
      ? finding("error", "SKEIN_CHECK_BREAKING", where, message)
      : finding("warning", "SKEIN_CHECK_SKEW", where, message),
  );
}
