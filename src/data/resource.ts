/**
 * Owns `resource()`: anything else a service owns, opened and closed with it. It must never look inside.
 */
import { skeinError } from "../errors/index.ts";
import { createOwned, type OpenContext, type Owned } from "../system/index.ts";

/** What a resource may know of where it opens. @since 0.1.0 */
export type ResourceContext = Pick<
  OpenContext,
  "system" | "service" | "mode" | "home" | "env" | "clock" | "random" | "log"
>;

/** @since 0.1.0 */
export interface ResourceSpec<T> {
  /** Makes it, once per host; a service is ready only then. */
  open(context: ResourceContext): T | Promise<T>;
  /** Ends it. Called once, when all calls are over; a handler that ignores its signal may still hold the value. */
  close?(value: T): void | Promise<void>;
  /** Throws while it cannot serve. */
  ready?(value: T): void | Promise<void>;
}

/**
 * Declares a resource: a client of a third party, a model, an index in memory. Every kind of method sees the same value.
 * A failing `open` is `SKEIN_RESOURCE_FAILED`.
 * @since 0.1.0
 */
export function resource<T>(spec: ResourceSpec<T>): Owned<T> {
  return createOwned("resource", "resource", async (context) => {
    const value = await openOnce(spec, context);
    let closing: Promise<void> | undefined;
    return {
      bind: () => value,
      ready: async () => spec.ready?.(value),
      close: () => (closing ??= Promise.resolve(spec.close?.(value))),
    };
  });
}

async function openOnce<T>(spec: ResourceSpec<T>, context: OpenContext): Promise<T> {
  try {
    return await spec.open(context);
  } catch (cause) {
    throw skeinError("SKEIN_RESOURCE_FAILED", `a resource of ${context.service} could not be opened`, { cause });
  }
}
