/** HTTPS to others: a certificate that is trusted here, and each way in which one is not. */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { readFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { Authority } from "../transport/fixtures/certificates.ts";
import { createHost } from "../host/index.ts";
import { system } from "../system/index.ts";
import { Billing, json } from "./fixtures/billing.ts";
import { external } from "./index.ts";

suite("an external service over HTTPS", () => {
  const authority = new Authority();
  const trusted = getCACertificates("default");
  const open: Server[] = [];

  before(() => setDefaultCACertificates([...trusted, readFileSync(authority.ca, "utf8")]));
  after(async () => {
    setDefaultCACertificates(trusted);
    authority[Symbol.dispose]();
    for (const server of open) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  });

  async function ask(host: string, by: Authority, names?: string): Promise<{ total: number }> {
    const { cert, key } = by.issue("billing", names === undefined ? {} : { names });
    const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_, response) =>
      json(response, 200, { id: "1", total: 5 }),
    );
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    open.push(server);
    const url = `https://${host}:${(server.address() as AddressInfo).port}`;
    const billing = external(Billing, { url, attempts: 1 });
    await using running = await createHost(system("s", { services: [billing] }), { mode: "development", env: {} });
    const client = running.client(Billing);
    await client.invoice({ id: "1" });
    // The second one goes over the same connection.
    return await client.invoice({ id: "1" });
  }

  test("is called where its certificate is trusted, by name and by address", async () => {
    assert.equal((await ask("localhost", authority)).total, 5);
    assert.equal((await ask("127.0.0.1", authority)).total, 5);
  });

  test("is not, where somebody else signed it or it is for another name", async () => {
    using stranger = new Authority("a stranger");
    const refused = { code: "SKEIN_EXTERNAL_UNREACHABLE", outcome: "not_started" };
    await assert.rejects(ask("localhost", stranger), refused);
    await assert.rejects(ask("localhost", authority, "DNS:other.example"), refused);
    await assert.rejects(ask("127.0.0.1", authority, "DNS:localhost"), refused);
  });
});
