/**
 * Owns what a fake remembers of idempotency keys, through the port that databases implement. It must never answer a key
 * with the reply of another input.
 */
import { skeinError } from "../../errors/index.ts";
import { type CommandEffect, createOwned, type Owned } from "../../system/index.ts";

/** What a fake command runs its answer through. */
export type Once = (answer: () => unknown) => Promise<unknown>;

interface Kept {
  readonly inputHash: string;
  readonly encoded: Promise<string>;
}

/** A remembered effect per principal, method and key, for as long as the host lives. */
export function keyMemory(): Owned<Once> {
  return createOwned<Once, Once, Once>("database", "fake", async () => {
    const kept = new Map<string, Kept>();
    return {
      bind: ({ effect }) =>
        ((answer) => (effect === undefined ? Promise.resolve(answer()) : once(kept, effect, answer))) satisfies Once,
      async recall(effect) {
        const found = find(kept, effect);
        if (found !== undefined) effect.replay(await found.encoded);
      },
      close: () => Promise.resolve(),
    };
  });
}

async function once(kept: Map<string, Kept>, effect: CommandEffect, answer: () => unknown): Promise<unknown> {
  const run = async () => {
    const returned = await answer();
    const { reply, encoded } = await effect.prepare(returned);
    effect.committed();
    return { reply, encoded };
  };
  if (effect.key === undefined) return (await run()).reply;
  const running = run();
  const id = idOf(effect);
  const entry = { inputHash: effect.inputHash, encoded: running.then(({ encoded }) => encoded) };
  kept.set(id, entry);
  // What failed has had no effect: the key is free again.
  entry.encoded.catch(() => kept.delete(id));
  return (await running).reply;
}

function find(kept: ReadonlyMap<string, Kept>, effect: CommandEffect): Kept | undefined {
  const found = kept.get(idOf(effect));
  if (found !== undefined && found.inputHash !== effect.inputHash) throw skeinError("SKEIN_KEY_REUSED");
  return found;
}

function idOf({ principal, method, key }: CommandEffect): string {
  return JSON.stringify([principal, method, key]);
}
