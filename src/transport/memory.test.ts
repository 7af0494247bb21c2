/** Owns what two sides of a connection remember for each other. It must never use a connection. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { WireError } from "./codec/wire-error.ts";
import { slotsOf } from "./head.ts";
import { remembered } from "./limits.ts";
import { Heard, Remembered } from "./memory.ts";

function pair() {
  const heard = new Heard();
  let told = 0;
  const sender = new Remembered((slot, value) => {
    told++;
    heard.set(slot, value);
  });
  return { heard, sender, told: () => told };
}

const principal = (subject: string) => Object.freeze({ subject });

test("a value is told once, and known by its number from then on; an equal one has the same", () => {
  const { heard, sender, told } = pair();
  const [ann, bob] = [principal("ann"), principal("bob")];
  const slots = [ann, bob, ann, principal("ann"), bob].map((value) => sender.slotOf(0, value));
  assert.deepEqual(
    slots.map((slot) => heard.get(slot)),
    [ann, bob, ann, ann, bob],
  );
  assert.equal(told(), 2);
  assert.equal(sender.slotOf(0, undefined), 0);
});

test("one that may change is looked at each time", () => {
  const { heard, sender } = pair();
  const value = { subject: "ann" };
  sender.slotOf(0, value);
  value.subject = "bob";
  assert.deepEqual(heard.get(sender.slotOf(0, value)), { subject: "bob" });
});

test("a number that stands for something else by now is not used for what it stood for, the latest of its kind among them", () => {
  const { heard, sender } = pair();
  const ann = principal("ann");
  sender.slotOf(0, ann);
  for (let i = 0; i < remembered.valuesMax; i++) sender.slotOf(1, Object.freeze([`page.${i}`]));
  assert.deepEqual(heard.get(sender.slotOf(0, ann)), ann);
});

test("what is no object is told as it is", () => {
  const { heard, sender, told } = pair();
  const values = [null, "null", 0, false, null, "null"];
  const slots = values.map((value) => sender.slotOf(0, value));
  assert.deepEqual(
    slots.map((slot) => heard.get(slot)),
    values,
  );
  assert.equal(told(), 4);
});

test("what could not be told is not known, and takes no number from what is", () => {
  const heard = new Heard();
  const sender = new Remembered((slot, value) => {
    if (value === "too large") throw new WireError("more bytes than a message may have");
    heard.set(slot, value);
  });
  for (let i = 0; i <= remembered.valuesMax + 1; i++) {
    for (let again = 0; again < 2; again++) assert.throws(() => sender.slotOf(0, "too large"), WireError);
    assert.equal(heard.get(sender.slotOf(0, i)), i);
    if (i > 0) assert.equal(heard.get(sender.slotOf(0, i - 1)), i - 1);
  }
});

test("a call whose path takes the oldest number, which is its principal's, tells the principal anew", () => {
  const { heard, sender } = pair();
  const ann = principal("ann");
  for (let i = 0; i < remembered.valuesMax; i++) sender.slotOf(0, i === 0 ? ann : i);
  const path = ["page.home"];
  const slots = slotsOf(sender, 0, { traceId: "t", parentSpan: 0, principal: ann, path });
  assert.deepEqual([heard.get(slots.principal), heard.get(slots.path)], [ann, path]);
});
