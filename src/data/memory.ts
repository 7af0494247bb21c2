/** Owns the door to databases in memory that several processes of a simulation share. It must never be loaded by a host. */
export {
  createMemoryEngine,
  type MemoryAccess,
  type MemoryStore,
  openMemoryStore,
} from "./internal/sqlite/memory-engine.ts";
