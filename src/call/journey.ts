/**
 * Owns the order of the stages of one unary call, and nothing else: access, copy, cache, parse, guard, handler, parse.
 * It must never do a stage's work itself.
 */
import type { Schema } from "../contract/index.ts";
import { Effect } from "./effect.ts";
import { toFailure } from "./failure.ts";
import { Lifetime } from "./lifetime.ts";
import { CallScope } from "./scope.ts";
import { checkAccess } from "./stages/access.ts";
import { checkGuard } from "./stages/guard.ts";
import { runCommand } from "./stages/command.ts";
import { copyInput, parseInput, parseOutput, takeOutput } from "./stages/parse.ts";

/** Takes a call to its end: a reply, or a `SkeinError`, at the latest at its deadline. */
export function travel(scope: CallScope, input: unknown): Promise<unknown> {
  const promise = new Promise<unknown>((resolve, reject) => {
    scope.begin({ resolve, reject });
    stages(scope, input);
  });
  if (scope.parent !== undefined) scope.mayGoUnheard(promise);
  return promise;
}

/** Never throws: what goes wrong fails the scope, which has begun. */
export function stages(scope: CallScope, input: unknown): void {
  try {
    checkAccess(scope.endpoint, scope.arrival);
    const given = copyInput(scope, input);
    const cached = throughCache(scope, given);
    if (cached === undefined) serve(scope, given);
    else succeedWith(scope, cached);
  } catch (error) {
    void failWith(scope, error);
  }
}

/** The reply of a cache hit or of a flight, or `undefined` where nothing is cached. */
function throughCache(scope: CallScope, given: unknown): Promise<unknown> | undefined {
  const { endpoint } = scope;
  if (endpoint.cache === undefined) return undefined;
  const who = endpoint.access === "public" ? undefined : scope.principal;
  const found = endpoint.cache.get(endpoint.cache.keyOf(given, who), () => fly(scope, given));
  scope.cached = true;
  return "hit" in found ? Promise.resolve(found.hit) : found.flight;
}

/**
 * What happens at the callee. The way most calls go waits once, for the handler: an async function here and one above
 * made two more promises and turns of the queue, a fifth of what a call costs.
 */
function serve(scope: CallScope, given: unknown): void {
  const { endpoint } = scope;
  const { body } = endpoint.method;
  if (body !== undefined)
    return succeedWith(
      scope,
      scope.openBody(body).then(() => serveInTurns(scope, given)),
    );
  // Before the parse: neither a validator nor a handler that changes its input may change what the key stands for.
  if (endpoint.kind === "command") scope.effect = new Effect(scope, given);
  const parsed = parseInput(scope, given);
  if (parsed instanceof Promise || endpoint.guard !== undefined || endpoint.kind === "command") {
    return succeedWith(scope, serveParsed(scope, parsed));
  }
  scope.hasStarted = true;
  const reply: unknown = endpoint.handler(parsed, endpoint.own(scope), scope);
  // A handler may answer without a promise, or with somebody else's.
  const promised: Promise<unknown> = reply instanceof Promise ? reply : Promise.resolve(reply);
  promised.then(
    (value) => answer(scope, value),
    (error: unknown) => failWith(scope, error),
  );
}

function answer(scope: CallScope, reply: unknown): void {
  try {
    const taken = takeOutput(scope, scope.endpoint.method.output as Schema, reply);
    if (taken instanceof Promise) settleWith(scope, taken);
    else scope.succeed(taken);
  } catch (error) {
    void failWith(scope, error);
  }
}

/** The same for what takes a body, which is there now. */
function serveInTurns(scope: CallScope, given: unknown): Promise<unknown> {
  // After a raw body was received: its key stands for the bytes too.
  if (scope.endpoint.kind === "command") scope.effect = new Effect(scope, given);
  return serveParsed(scope, parseInput(scope, given));
}

/** The same for what has more to wait for: a validator that waits, a guard, a command's transaction. */
async function serveParsed(scope: CallScope, parsing: unknown): Promise<unknown> {
  const { endpoint } = scope;
  const input: unknown = await parsing;
  if (endpoint.guard !== undefined) await checkGuard(scope, input);
  scope.hasStarted = true;
  if (scope.effect !== undefined) return runCommand(scope, scope.effect, input);
  const reply: unknown = await endpoint.handler(input, endpoint.own(scope), scope);
  return parseOutput(scope, endpoint.method.output as Schema, reply);
}

/** With a reply that is the call's own already. */
function succeedWith(scope: CallScope, reply: Promise<unknown>): void {
  const { take } = scope.arrival;
  settleWith(scope, take === undefined ? reply : reply.then(take));
}

function settleWith(scope: CallScope, reply: Promise<unknown>): void {
  reply.then(
    (value) => scope.succeed(value),
    (error: unknown) => failWith(scope, error),
  );
}

async function failWith(scope: CallScope, error: unknown): Promise<void> {
  scope.fail(await toFailure(scope, error));
}

/** A flight lives by the method's own limit and not by the caller who happened to start it: others wait for it too. */
function fly(first: CallScope, given: unknown): Promise<unknown> {
  const { runtime, endpoint } = first;
  const startMs = runtime.clock.monotonic();
  const lifetime = new Lifetime(startMs + (endpoint.timeoutMs ?? runtime.timeoutMs));
  lifetime.start(runtime.wheelOf(first.lifetime), undefined);
  // What anyone may get from the cache must not depend on who happened to come first.
  const principal = endpoint.access === "public" ? undefined : first.principal;
  const arrival = { ...first.arrival, principal, parentSpan: first.span, take: undefined };
  const scope = new CallScope(runtime, endpoint, first.parent, lifetime, arrival, startMs);
  const flight = new Promise((resolve, reject) => {
    scope.begin({ resolve, reject });
    try {
      serve(scope, given);
    } catch (error) {
      void failWith(scope, error);
    }
  });
  arrival.keep?.(flight);
  return flight;
}
