/** When new hosts of a roll are worse than the old ones: made of what hosts say, without a process. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { newcomersOf, type Replica } from "./replica.ts";
import { complaintAbout, type Trial } from "./replacer.ts";

function gateway(requests = 0, failedRequests = 0): Replica {
  const build = { file: "/srv/v1/system.ts" };
  const place = { group: "front", services: ["gateway"], isSingleton: false, memory: undefined, build };
  const [one = assert.fail()] = newcomersOf(place, 1, []);
  return Object.assign(one, { requests, failedRequests });
}

/** The old one had answered a thousand, a hundredth of them with errors, and goes on. */
function trialOf(come: Replica, meanwhile: readonly [asked: number, failed: number]): Trial {
  const [asked, failed] = meanwhile;
  const old = gateway(1_000 + asked, 10 + failed);
  const before = { share: 0, old: [old], requests: { asked: 1_000, failed: 10 } };
  return { come: [come], before: new Map([["front", before]]) };
}

test("a new gateway that answers errors where the old one does not is worse", () => {
  assert.match(
    complaintAbout(trialOf(gateway(50, 50), [50, 0])) ?? "",
    /^50 requests failed at the new gateways, 100.0 % where it is 1.0 % at the old ones$/,
  );
  assert.match(complaintAbout(trialOf(gateway(50, 5), [0, 0])) ?? "", /5 requests failed/);
});

test("one where as much fails as at the old one meanwhile is not, nor one of which too little is known", () => {
  for (const [asked, failed, meanwhile] of [
    [50, 25, [50, 25]],
    [200, 8, [200, 0]],
    [4, 4, [50, 0]],
    [50, 0, [50, 50]],
  ] as const)
    assert.equal(complaintAbout(trialOf(gateway(asked, failed), meanwhile)), undefined, `${failed} of ${asked}`);
});
