/** Says that `#engines` is `no-engines.ts` here. It must never be true. */
export const hasEngines: boolean = false;
