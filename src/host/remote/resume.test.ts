/** Proves when a stream goes on at another host and when not. It must never need a host. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RemoteCall } from "../../call/index.ts";
import { createSeededRandom } from "../../core/index.ts";
import { declaredError, type SkeinError, skeinError } from "../../errors/index.ts";
import type { Sending } from "./attempts.ts";
import { movesMax, moveSpreadMs, Progress } from "./resume.ts";

const random = createSeededRandom(1);
const moved = skeinError("SKEIN_MOVED", undefined, { data: { lastId: "x" } });

function begin(field: string | undefined, hasBody = false) {
  const head = { resumeFrom: undefined as string | undefined, attempts: 1 } as RemoteCall;
  const sending = { head, tried: undefined, unsure: undefined, sent: hasBody ? undefined : {} } as unknown as Sending;
  const progress = new Progress(field, sending);
  return {
    head,
    progress,
    move: (error: SkeinError = moved, leftMs = Infinity) => progress.moved("query", error, leftMs, random),
  };
}

describe("a stream from another host", () => {
  test("goes on after the last item, after a short random wait", () => {
    const { head, progress, move } = begin("n");
    progress.came({ n: 7 });
    progress.came({ n: 8 });
    const waitMs = move() ?? assert.fail("it does not go on");
    assert.ok(waitMs >= 0 && waitMs < moveSpreadMs, String(waitMs));
    assert.equal(head.resumeFrom, "8");
    assert.equal(progress.hasItems, false);
  });

  test("goes on a fixed number of times without an item, and again after one", () => {
    const { progress, move } = begin("n");
    progress.came({ n: 1 });
    for (let i = 0; i < movesMax; i++) assert.notEqual(move(), undefined);
    assert.equal(move(), undefined);
    progress.came({ n: 2 });
    assert.notEqual(move(), undefined);
  });

  test("does not go on: an action, a body, items without ids, somebody nearer who gave it up, no time, other errors", () => {
    const action = begin("n");
    action.progress.came({ n: 1 });
    assert.equal(action.progress.moved("action", moved, Infinity, random), undefined);
    const body = begin("n", true);
    body.progress.came({ n: 1 });
    assert.equal(body.move(), undefined);
    const plain = begin(undefined);
    plain.progress.came({ n: 1 });
    assert.equal(plain.move(), undefined);
    const once = begin("n");
    once.progress.came({ n: 1 });
    once.progress.came({});
    assert.equal(once.move(), undefined);
    const other = begin("n");
    other.progress.came({ n: 1 });
    assert.equal(other.move(skeinError("SKEIN_MOVED", undefined, { attempts: 1 })), undefined);
    assert.equal(other.move(moved, 0), undefined);
    assert.equal(other.move(skeinError("SKEIN_TRANSPORT_LOST")), undefined);
  });

  test("with little time left goes on the sooner", () => {
    for (let i = 0; i < 20; i++) {
      const { progress, move } = begin("n");
      progress.came({ n: 1 });
      const waitMs = move(moved, 50) ?? assert.fail("it was given up");
      assert.ok(waitMs <= 25, `${waitMs} ms`);
    }
  });

  test("that finds nobody ends as one that may go on; with what it is told by who does answer", () => {
    const { progress, move } = begin("n");
    progress.came({ n: 1 });
    move();
    const lost = progress.failure(skeinError("SKEIN_TRANSPORT_UNREACHABLE"), "query");
    assert.deepEqual(
      [lost.code, lost.outcome, lost.attempts, lost.data],
      ["SKEIN_MOVED", "unknown", 1, { lastId: "x" }],
    );
    assert.equal(progress.failure(declaredError("GONE", undefined), "query").code, "GONE");
    assert.equal(progress.failure(skeinError("SKEIN_ACCESS_DENIED"), "query").code, "SKEIN_ACCESS_DENIED");
  });
});
