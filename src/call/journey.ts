/**
 * Owns the order of the stages of one unary call, and nothing else: access, copy, cache, parse, guard, handler, parse.
 * It must never do a stage's work itself.
 */
import type { SkeinError } from "../errors/index.ts";
import { toFailure } from "./failure.ts";
import { Lifetime } from "./lifetime.ts";
import { CallScope } from "./scope.ts";
import { checkAccess } from "./stages/access.ts";
import { checkGuard } from "./stages/guard.ts";
import { runCommand, runHandler } from "./stages/handler.ts";
import { copyInput, parseInput } from "./stages/parse.ts";

/** Takes a call to its end: a reply, or a `SkeinError`, at the latest at its deadline. `owned`: its lifetime is its own. */
export function travel(scope: CallScope, input: unknown, owned: boolean): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const settle = (code: string): boolean => {
      if (isOver) return false;
      isOver = true;
      scope.lifetime.leave(scope);
      if (owned) scope.lifetime.release();
      record(scope, code);
      return true;
    };
    const fail = (error: SkeinError): void => {
      if (settle(error.code)) reject(error);
    };
    scope.live(fail);
    stages(scope, input).then(
      (reply) => {
        if (settle("ok")) resolve(reply);
      },
      (error: unknown) => void toFailure(scope, error).then(fail),
    );
  });
}

async function stages(scope: CallScope, input: unknown): Promise<unknown> {
  const { endpoint } = scope;
  checkAccess(endpoint, scope.arrival);
  const given = copyInput(scope, input);
  if (endpoint.cache === undefined) return serve(scope, given);
  const who = endpoint.access === "public" ? undefined : scope.principal;
  const found = endpoint.cache.get(endpoint.cache.keyOf(given, who), () => fly(scope, given));
  scope.cached = true;
  return "hit" in found ? found.hit : found.flight;
}

/** What happens at the callee. */
async function serve(scope: CallScope, given: unknown): Promise<unknown> {
  const parsing = parseInput(scope, given);
  const input = parsing instanceof Promise ? await parsing : parsing;
  if (scope.endpoint.guard !== undefined) await checkGuard(scope, input);
  return scope.endpoint.kind === "command" ? runCommand(scope, input, given) : runHandler(scope, input);
}

/** A flight lives by the method's own limit and not by the caller who happened to start it: others wait for it too. */
function fly(first: CallScope, given: unknown): Promise<unknown> {
  const { runtime, endpoint } = first;
  const startMs = runtime.clock.monotonic();
  const lifetime = new Lifetime(startMs + (endpoint.timeoutMs ?? runtime.timeoutMs));
  lifetime.start(runtime.wheel, undefined);
  const scope = new CallScope(runtime, endpoint, first.parent, lifetime, { ...first.arrival, parentSpan: first.span }, startMs);
  return new Promise((resolve, reject) => {
    let code = "ok";
    const end = () => {
      lifetime.leave(scope);
      lifetime.release();
      record(scope, code);
    };
    scope.live((error) => {
      code = error.code;
      reject(error);
    });
    serve(scope, given).then(resolve, (error: unknown) => {
      code = "failed";
      reject(error);
    }).finally(end);
  });
}

/** Leaves a span of the call. */
export function record(scope: CallScope, code: string): void {
  const { runtime, endpoint, arrival, startMs } = scope;
  runtime.recorder.record({
    traceId: arrival.traceId,
    id: scope.span,
    parentId: arrival.parentSpan,
    service: endpoint.service,
    method: endpoint.name,
    caller: arrival.caller,
    startMs,
    durationMs: runtime.clock.monotonic() - startMs,
    code,
    cached: scope.cached,
  });
}
