/** A stand-in for a payment provider: it fails now and then, from a seed, so that whoever calls it must cope. */

export interface Provider {
  /** Whether the provider answers this time. */
  answers(): boolean;
}

/** `failureRate` is the share of calls, 0 to 1, that get no answer. The same seed gives the same failures. */
export function createProvider(options: { readonly seed: number; readonly failureRate: number }): Provider {
  let state = options.seed >>> 0;
  return {
    answers() {
      // A linear congruential generator (Numerical Recipes): plenty for failures on purpose.
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32 >= options.failureRate;
    },
  };
}
