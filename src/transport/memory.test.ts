/** Owns what two sides of a connection remember for each other. It must never use a connection. */
import assert from "node:assert/strict";
import { test } from "node:test";
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
