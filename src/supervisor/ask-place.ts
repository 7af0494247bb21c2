/** Owns asking a running supervisor for another placement or build. It must never take silence for success. */
import { connect } from "node:net";
import type { Clock } from "../core/index.ts";
import { isSkeinCode, skeinError } from "../errors/index.ts";
import { type HostSays, type RollWish, type SupervisorSays, type Wish, Wire } from "./control.ts";
import { answerMs, none, unanswered } from "./ask.ts";
import { isRunning } from "./process-identity.ts";
import type { State } from "./state.ts";

/** Between two words of the supervisor: the longest is a migration, the drain of what is in flight, or the start of a process. */
const silenceMs = 660_000;

type Told<Is extends SupervisorSays["is"]> = Extract<SupervisorSays, { readonly is: Is }>;

/**
 * What was moved. `step` is told of what is done, one line each. Rejects with `SKEIN_SUPERVISOR_NONE` where none runs or it
 * ends meanwhile, with `SKEIN_SUPERVISOR_SILENT` where it runs and says nothing, and with what it says (`SKEIN_PLACE_*`,
 * `SKEIN_PLACEMENT_INVALID`).
 */
export function askPlace(
  state: State,
  clock: Clock,
  wish: Wish,
  isDry: boolean,
  step: (text: string) => void,
): Promise<Told<"placed">> {
  return ask(state, clock, { is: "place", wish, isDry }, "placed", step);
}

/** The build that runs then; rejects like {@link askPlace}, with `SKEIN_ROLL_*`. */
export function askRoll(
  state: State,
  clock: Clock,
  wish: RollWish,
  step: (text: string) => void,
): Promise<Told<"rolled">> {
  return ask(state, clock, { is: "roll", ...wish }, "rolled", step);
}

function ask<Is extends "placed" | "rolled">(
  state: State,
  clock: Clock,
  question: HostSays,
  answer: Is,
  step: (text: string) => void,
): Promise<Told<Is>> {
  const record = state.supervisor;
  if (record === undefined || !isRunning(record.identity)) return Promise.reject(none(state));
  return new Promise((resolve, reject) => {
    const socket = connect(state.control);
    const end = (settle: () => void): void => {
      timer.cancel();
      wire.close();
      settle();
    };
    const silent = (): void => end(() => reject(unanswered(state)));
    const gone = (): void =>
      end(() => reject(skeinError("SKEIN_SUPERVISOR_NONE", "the supervisor said nothing more; see skein status")));
    let timer = clock.after(answerMs, silent);
    const wire = new Wire<HostSays, SupervisorSays>(
      socket,
      (message) => {
        timer.cancel();
        timer = clock.after(silenceMs, silent);
        // It answers, so it is worth asking.
        if (message.is === "status") wire.say(question);
        if (message.is === "step") step(message.text);
        if (message.is === answer) end(() => resolve(message as Told<Is>));
        if (message.is === "refused") {
          const code = isSkeinCode(message.code) ? message.code : "SKEIN_PLACE_UNDONE";
          end(() => reject(skeinError(code, message.message)));
        }
      },
      gone,
    );
    socket.on("connect", () => {
      wire.say({ is: "hello", id: "cli", pid: process.pid, token: state.token() });
      wire.say({ is: "status" });
    });
  });
}
