/** Owns the proof that frames come out as they went in, however the bytes are cut on the way. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { WireError } from "./codec/wire-error.ts";
import { FrameParser, FrameWriter, frame } from "./frames.ts";
import { batchBytesMax, flushBytes, flushFrames, messageBytesMax } from "./limits.ts";

/** One write for each list of bodies, as the channel would get them. */
function writesOf(writes: readonly (readonly Uint8Array[])[]): Buffer {
  const sent: Buffer[] = [];
  const writer = new FrameWriter(
    (bytes) => sent.push(bytes),
    () => undefined,
  );
  for (const bodies of writes) {
    for (const [call, body] of bodies.entries()) {
      writer.begin(frame.item, call).raw(body);
      writer.finish();
    }
    writer.flush();
  }
  return Buffer.concat(sent);
}

function parsed(bytes: Buffer, cuts: readonly number[]): string[] {
  const bodies: string[] = [];
  const parser = new FrameParser((type, call, from, at, end) =>
    bodies.push(`${type} ${call} ${from.toString("base64", at, end)}`),
  );
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  let at = 0;
  for (const end of ends) {
    // Its own memory, gone when it was fed.
    const chunk = Buffer.from(bytes.subarray(at, end));
    parser.feed(chunk);
    chunk.fill(0);
    at = end;
  }
  return bodies;
}

const bodies = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 6 });

test("property: frames are the same wherever the bytes are cut", () => {
  fc.assert(
    fc.property(fc.array(bodies, { maxLength: 5 }), fc.array(fc.nat(), { maxLength: 12 }), (writes, cuts) => {
      const bytes = writesOf(writes);
      assert.deepEqual(parsed(bytes, cuts), parsed(bytes, []));
    }),
    { numRuns: 500 },
  );
});

test("a large write in many pieces, byte by byte at its ends", () => {
  const bytes = writesOf([[new Uint8Array(1_000_000).fill(7)], [new Uint8Array(3)]]);
  const cuts = [...Array.from({ length: 20 }, (_, i) => i), ...Array.from({ length: 40 }, (_, i) => i * 25_001)];
  for (let i = 1; i < 30; i++) cuts.push(bytes.length - i);
  assert.deepEqual(parsed(bytes, cuts), parsed(bytes, []));
});

test("a length that cannot be, and a checksum that is wrong, wherever the bytes are cut", () => {
  for (const [at, value] of [
    [0, 0],
    [3, 255],
    [4, 1],
    [12, 9],
  ] as const) {
    const bytes = writesOf([[new Uint8Array(9)]]);
    bytes[at] = (bytes[at] as number) ^ (value === 0 ? (bytes[at] as number) : value);
    for (let cut = 0; cut <= bytes.length; cut++) assert.throws(() => parsed(bytes, [cut]), WireError, `${at} ${cut}`);
  }
});

test("what many calls have to say leaves in parts before the turn ends, and the rest with it", () => {
  const sent: number[] = [];
  const turns: (() => void)[] = [];
  const writer = new FrameWriter(
    (bytes) => void sent.push(bytes.length),
    (flush) => void turns.push(flush),
  );
  for (let call = 1; call <= flushFrames * 2 + 1; call++) writer.bare(frame.cancel, call);
  const part = sent[0] as number;
  assert.deepEqual(sent, [part, part]);
  for (const flush of turns) flush();
  assert.equal(sent.length, 3);
  assert.ok((sent[2] as number) < part / 4, sent.join());
});

/** Frames of so many bytes each, and the lengths of the writes that they leave in. */
function lengthsOf(frames: readonly number[]): readonly number[] {
  const sent: Buffer[] = [];
  const writer = new FrameWriter(
    (bytes) => void sent.push(bytes),
    () => undefined,
  );
  for (const [call, bytes] of frames.entries()) {
    writer.begin(frame.item, call).again(new Uint8Array(bytes).fill(call));
    writer.finish();
  }
  writer.flush();
  const calls: string[] = [];
  const parser = new FrameParser((_, call, from, at, end) => {
    calls.push(`${call} ${end - at}`);
    assert.ok(from.subarray(at, end).every((byte) => byte === call));
  });
  for (const bytes of sent) parser.feed(bytes);
  assert.deepEqual(
    calls,
    frames.map((bytes, call) => `${call} ${bytes}`),
  );
  return sent.map(({ length }) => length);
}

test("what was gathered leaves before a frame with which it would be more than a write may have", () => {
  const gathered = flushBytes - 20;
  assert.equal(lengthsOf([gathered, messageBytesMax - 100]).length, 1);
  for (const bytes of [messageBytesMax + 50, batchBytesMax - 9]) assert.equal(lengthsOf([gathered, bytes]).length, 2);
  assert.equal(lengthsOf([batchBytesMax - 9]).length, 1);
});

test("a frame that is more than a write may have is refused, and nothing of it stays", () => {
  const sent: Buffer[] = [];
  const writer = new FrameWriter(
    (bytes) => void sent.push(bytes),
    () => undefined,
  );
  writer.bare(frame.cancel, 1);
  writer.begin(frame.call, 2).again(new Uint8Array(batchBytesMax - 8));
  assert.throws(() => writer.finish(), WireError);
  writer.undo();
  writer.bare(frame.cancel, 3);
  writer.flush();
  const calls: number[] = [];
  new FrameParser((_, call) => void calls.push(call)).feed(Buffer.concat(sent));
  assert.deepEqual(calls, [1, 3]);
});

test("taking back does nothing to a frame that was finished", () => {
  const sent: Buffer[] = [];
  const writer = new FrameWriter(
    (bytes) => void sent.push(bytes),
    () => undefined,
  );
  writer.undo();
  writer.bare(frame.cancel, 1);
  writer.undo();
  writer.begin(frame.cancel, 2);
  writer.undo();
  writer.undo();
  writer.bare(frame.cancel, 3);
  writer.flush();
  writer.undo();
  writer.bare(frame.cancel, 4);
  writer.flush();
  const calls: number[] = [];
  new FrameParser((_, call) => void calls.push(call)).feed(Buffer.concat(sent));
  assert.deepEqual(calls, [1, 3, 4]);
});
