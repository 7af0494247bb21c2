/**
 * Owns what a call over HTTP may do: its caller is any program with a token, so what hosts see to before they send is seen to
 * here. It must never believe a name without asking the system's declarations.
 */
import { checkPath, type Told } from "../../call/index.ts";
import { isBytes, isChannel, isStream, type Kind, type Method } from "../../contract/index.ts";
import { isSkeinError, type SkeinError, skeinError } from "../../errors/index.ts";
import { mayCall } from "../../system/graph.ts";
import { type Declaration, methodsOf, type System } from "../../system/index.ts";
import type { Answer, Arrived } from "../../transport/index.ts";

/** `answer`, for those who may have one. */
export function admitted(system: System, answer: Answer): Answer {
  const admission = new Admission(system);
  return {
    unary(call, told: Told) {
      let own: Arrived;
      try {
        own = admission.check(call);
      } catch (error) {
        return told.reject(isSkeinError(error) ? error : skeinError("SKEIN_CALL_FAILED", undefined, { cause: error }));
      }
      answer.unary(own, told);
    },
    stream: (call) => answer.stream(admission.check(call)),
  };
}

class Admission {
  readonly #services: ReadonlyMap<string, Declaration>;
  readonly #methods: ReadonlyMap<string, Method>;

  constructor(system: System) {
    const declarations = system.services.map(({ declaration }) => declaration);
    this.#services = new Map(declarations.map((one) => [one.name, one]));
    this.#methods = new Map(
      declarations.flatMap(({ name, contract }) =>
        methodsOf(contract).map(([method, spec]) => [`${name}.${method}`, spec] as const),
      ),
    );
  }

  /** The call as it may go on. Throws `SKEIN_CALL_*`, and `SKEIN_FEATURE_LATER` for what has no form here. */
  check(call: Arrived): Arrived {
    const { operation, head } = call;
    const id = `${operation.service}.${operation.method}`;
    const target = this.#methods.get(id);
    if (target !== undefined && !isPlain(target))
      throw skeinError(
        "SKEIN_FEATURE_LATER",
        `${id} takes or answers bytes, or is a channel: call it through the gateway`,
      );
    // Nobody names itself: what is for services only stays out of reach.
    if (head.caller === undefined) return { ...call, head: { ...head, fromOutside: true, path: [] } };
    this.#checkCaller(head.caller, id, operation, target?.kind ?? "action", head.path);
    checkPath(head.path, id);
    return call;
  }

  #checkCaller(
    name: string,
    id: string,
    { service, method }: Arrived["operation"],
    target: Kind,
    path: readonly string[],
  ): void {
    const caller = this.#services.get(name);
    const isUsed = Object.values(caller?.uses ?? {}).some(
      (used) => used.name === service && Object.hasOwn(used.members as object, method),
    );
    if (!isUsed) throw undeclared(`${name} calls ${id}, which its uses do not name`);
    const by = path.at(-1);
    // Work of its own, which is nobody's call, acts as an action.
    if (by === undefined) return;
    if (!by.startsWith(`${name}.`)) throw undeclared(`${name} calls ${id} with a path that ends in ${by}`);
    const kind = this.#methods.get(by)?.kind ?? "action";
    if (!mayCall(kind, target))
      throw skeinError("SKEIN_CALL_KIND", `${by} is a ${kind} and may not call ${id}, which is a ${target}`);
  }
}

function isPlain({ output, body }: Method): boolean {
  return !isBytes(output) && body === undefined && !(isStream(output) && isChannel(output));
}

function undeclared(detail: string): SkeinError {
  return skeinError("SKEIN_CALL_UNDECLARED", detail);
}
