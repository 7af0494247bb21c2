/** Owns what Ctrl+C means for a command that has asked for a change: the change goes on. It must never take it back. */

/** Says so and ends, with 130. Returns what takes that back, once the change is over. */
export function untilOver(what: "move" | "roll"): () => void {
  const leave = (): void => {
    process.stderr.write(`skein: the ${what} goes on; skein status says whether it is over\n`);
    process.exit(130);
  };
  process.once("SIGINT", leave);
  return () => void process.off("SIGINT", leave);
}
