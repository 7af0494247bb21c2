/** Two versions of a system's contracts: what a file of them holds, and what changed. */
export type { ContractChange } from "./change.ts";
export { compareContracts } from "./compare.ts";
export { type ContractsFile, isContractsFile, toContractsFile } from "./contracts-file.ts";
