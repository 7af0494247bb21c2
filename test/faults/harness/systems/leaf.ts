/**
 * The shop with three more services that call each other in a row. The last one counts its calls in a file of the state
 * directory, and fails as another file there says: that is how `cases/leaf.ts` counts and switches, from outside. `leaf.json`
 * places them in processes of the replicated shop, the last in two of its own.
 */
import { appendFileSync, readFileSync } from "node:fs";
import path from "node:path";
import { contract, query, service, system } from "skein";
import * as z from "zod";
import shop from "../../../../examples/shop/system.ts";
import { skeinError } from "../../../../src/errors/index.ts";

/** Each call at the leaf adds a byte to the one; the other holds a `LeafFault`, or is not there. */
export const leafFiles = { calls: "leaf-calls", fault: "leaf-fault" } as const;

/** As code with a bug does; as a service does whose database is away; as a process does that is killed. */
export type LeafFault = "throws" | "unavailable" | "dies";

const Leaf = contract("leaf", { ask: query({ output: z.int() }) });
const Middle = contract("middle", { ask: query({ output: z.int() }) });
const Probe = contract("probe", { ask: query({ output: z.int(), http: "GET /probe" }) });

const internal = { policy: { ask: { access: "internal" } } } as const;
const leaf = service(Leaf, internal);
const middle = service(Middle, { uses: { leaf: Leaf }, ...internal });
const probe = service(Probe, { uses: { middle: Middle }, policy: { ask: { access: "public" } } });

function fileOf(name: string): string {
  return path.join(process.env["SKEIN_HOME"] ?? ".", name);
}

function faultNow(): LeafFault | undefined {
  try {
    return readFileSync(fileOf(leafFiles.fault), "utf8") as LeafFault;
  } catch {
    return undefined;
  }
}

export default system("leaf-shop", {
  ...shop,
  services: [
    ...shop.services,
    probe.implement({ ask: (_input, own) => own.middle.ask() }),
    middle.implement({ ask: (_input, own) => own.leaf.ask() }),
    leaf.implement({
      ask() {
        appendFileSync(fileOf(leafFiles.calls), ".");
        const fault = faultNow();
        if (fault === "throws") throw new Error("a bug");
        if (fault === "unavailable") throw skeinError("SKEIN_DATA_UNAVAILABLE");
        if (fault === "dies") process.kill(process.pid, "SIGKILL");
        return process.pid;
      },
    }),
  ],
});
