/** Addresses and ranges, compared with Node's own reading of them. */
import assert from "node:assert/strict";
import { BlockList, isIP } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { isInRange, parseIp } from "./ip.ts";
import { statusText } from "./status-text.ts";
import { STATUS_CODES } from "node:http";

const odd = [
  "", ":", "::", ":::", "1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "1.2.3.4 ", "::1", "1::", "::1::", "1:2:3:4:5:6:7:8",
  "1:2:3:4:5:6:7", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4::5:6:7:8", "::ffff:1.2.3.4", "::1.2.3", "1.2.3.4::", "::1.2.3.4:5",
  "12345::", "g::", "fe80::1%eth0", "fe80::1%", "1.2.3.4%eth0", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "0x7f.1", "::%1",
]; // prettier-ignore

test("what is an address is what Node takes for one", () => {
  const part = fc.constantFrom(":", "::", ".", "0", "1", "ff", "abcd", "255", "256", "%e", "g", "1.2.3.4");
  const texts = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(""));
  const check = (text: string) =>
    assert.equal((parseIp(text)?.length ?? 0) / (text.includes(":") ? 16 : 4), Math.sign(isIP(text)), text);
  odd.forEach(check);
  fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), texts), check), { numRuns: 2_000 });
});

test("what is in a range is what Node's block list says", () => {
  const four = fc.tuple(fc.ipV4(), fc.ipV4(), fc.integer({ min: 0, max: 32 }), fc.constant("ipv4" as const));
  const six = fc.tuple(fc.ipV6(), fc.ipV6(), fc.integer({ min: 0, max: 128 }), fc.constant("ipv6" as const));
  fc.assert(
    fc.property(fc.oneof(four, six), fc.boolean(), ([base, other, bits, family], isNear) => {
      const list = new BlockList();
      list.addSubnet(base, bits, family);
      const address = isNear ? base : other;
      const expected = list.check(address, family);
      assert.equal(
        isInRange(parseIp(address) as Uint8Array, parseIp(base) as Uint8Array, bits),
        expected,
        `${address} ${base}/${bits}`,
      );
    }),
    { numRuns: 2_000 },
  );
  assert.equal(isInRange(parseIp("::ffff:a01:203") as Uint8Array, parseIp("10.0.0.0") as Uint8Array, 8), true);
  assert.equal(isInRange(parseIp("10.1.2.3") as Uint8Array, parseIp("::") as Uint8Array, 0), false);
});

test("the words of every status that is described", () => {
  const other: Record<number, string> = { 418: "I'm a Teapot" };
  for (let status = 200; status < 600; status++) {
    const text = statusText(status);
    if (text !== undefined) assert.equal(text, other[status] ?? STATUS_CODES[status]);
  }
});
