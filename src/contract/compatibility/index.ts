/** Two versions of a system's contracts: what a file of them holds, and what changed. */
export { compareContracts, type ContractChange } from "./compare.ts";
export { type ContractsFile, isContractsFile, toContractsFile } from "./contracts-file.ts";
