/** Says that `#engines` is `open.ts` here. It must never be asked by loading that: the engines would load too. */
export const hasEngines: boolean = true;
