/** Runs what every transport must do over the simulated network, seed by seed, in virtual time. */
import { createSeededRandom, createVirtualClock } from "../../core/index.ts";
import { conformance } from "../../transport/fixtures/conformance.ts";
import { Machine } from "./machine.ts";
import { SimulatedNetwork } from "./network.ts";

const seeds = Array.from({ length: 24 }, (_, i) => i + 1);
/** A connection may end after two seconds of silence: four losses in a row, once in six million segments. */
const faults = { delayMs: [0.1, 20], loss: 0.02, duplicate: 0.1, reorder: 0.1 } as const;
const greeting = { system: "shop", token: "t".repeat(32) };

for (const seed of seeds) {
  conformance({
    name: `simulated network, seed ${seed}`,
    async open(find, answer) {
      const clock = createVirtualClock({ settleTurns: 1 });
      const network = new SimulatedNetwork({ clock, random: createSeededRandom(seed), faults });
      const machines = [new Machine("client", clock), new Machine("server", clock)] as const;
      const [client, server] = machines.map((machine) => ({
        node: network.join(machine),
        options: { clock: machine.clock, greeting, soon: (run: () => void) => void machine.clock.after(0, run) },
      })) as [Side, Side];
      const listener = await server.node.listen({ path: "server/1" }, server.options, find, answer);
      return {
        async connect() {
          for (;;) {
            try {
              return await client.node.connect({ path: "server/1" }, client.options);
            } catch {
              // Its one SYN was lost.
            }
          }
        },
        close: (drainMs, mayWait) => listener.close(drainMs, mayWait),
        async drive(whole) {
          let isOver = false;
          const running = whole().finally(() => (isOver = true));
          running.catch(() => undefined);
          while (!isOver) await clock.advance("1m", { until: () => isOver });
          await running;
        },
      };
    },
  });
}

interface Side {
  readonly node: ReturnType<SimulatedNetwork["join"]>;
  readonly options: Parameters<ReturnType<SimulatedNetwork["join"]>["connect"]>[1];
}
