/** Owns what the check says of two versions of a system's contracts. It must never decide what breaks: the comparison does. */
import { compareContracts, type ContractsFile, toContractsFile } from "../contract/compatibility/index.ts";
import { type Finding, finding } from "./finding.ts";
import type { Access } from "./principal.ts";
import type { System } from "./system.ts";

/** What the contracts of a system promise, and whom its services let in. */
export function contractsOf({ name, services }: System): Promise<ContractsFile> {
  const declarations = services.map(({ declaration }) => declaration);
  const policies = new Map(declarations.map(({ contract, policy }) => [contract.name, policy]));
  return toContractsFile(
    name,
    declarations.map(({ contract }) => contract),
    (contract, method) => said(policies.get(contract)?.[method]?.access),
  );
}

function said(access: Access | undefined): string {
  if (access === undefined) return "nobody";
  return typeof access === "string" ? access : `role ${access.role}`;
}

/** What breaks is an error, what only a roll may meet is a warning. */
export function checkContracts(before: ContractsFile, after: ContractsFile): Finding[] {
  return compareContracts(before, after).map(({ level, where, message }) =>
    level === "breaking"
      ? finding("error", "SKEIN_CHECK_BREAKING", where, message)
      : finding("warning", "SKEIN_CHECK_SKEW", where, message),
  );
}
