"use strict";
// Runs against the application itself, or against one that runs somewhere: API_URL=https://staging/api npm test
const assert = require("node:assert/strict");
const { after, before, test } = require("node:test");
const request = require("supertest");

let app;
let target = process.env.API_URL;
let agent;
let customer;
let other;
let ticket;
const mail = `c${process.pid}@example.org`;
const api = () => request(target);
const as = (token, sent) => sent.set("authorization", `Bearer ${token}`);

before(async () => {
  if (target === undefined) {
    require("reflect-metadata");
    const { NestFactory } = require("@nestjs/core");
    const { AppModule } = require("../dist/app.module");
    const { configure } = require("../dist/configure");
    app = configure(await NestFactory.create(AppModule, { logger: false }));
    await app.init();
    target = app.getHttpServer();
  }
  const signIn = async (email, password) =>
    (await api().post("/auth/sign-in").send({ email, password }).expect(200)).body.token;
  await api().post("/auth/sign-up").send({ email: mail, password: "long enough" }).expect(201);
  await api()
    .post("/auth/sign-up")
    .send({ email: `o${mail}`, password: "long enough" })
    .expect(201);
  agent = await signIn("agent@example.org", "change me");
  customer = await signIn(mail, "long enough");
  other = await signIn(`o${mail}`, "long enough");
});

test("it says what it is, with its middleware and its interceptor", async () => {
  const { body } = await api()
    .get("/")
    .expect(200)
    .expect("x-served", /^\d+$/)
    .expect("x-handler", "AppController.about");
  assert.deepEqual(body, { name: "helpdesk" });
  await api().get("/health").expect(200, { status: "ok" });
  await api().get("/manual").expect(301).expect("location", "https://example.org/manual");
});

test("accounts and tokens are its own", async () => {
  await api().post("/auth/sign-up").send({ email: mail, password: "long enough" }).expect(409);
  const wrong = await api().post("/auth/sign-up").send({ email: "no address", password: "short" }).expect(400);
  assert.equal(wrong.body.problem.length, 2);
  await api().post("/auth/sign-in").send({ email: mail, password: "not this" }).expect(401);
  await api().get("/auth/me").expect(401);
  await as("forged", api().get("/auth/me")).expect(401);
  const { body } = await as(customer, api().get("/auth/me")).expect(200);
  assert.equal(body.role, "customer");
});

test("a ticket belongs to who made it", async () => {
  await api().post("/tickets").send({ subject: "no login" }).expect(401);
  await as(customer, api().post("/tickets").send({ subject: "x" })).expect(400);
  const made = await as(
    customer,
    api()
      .post("/tickets")
      .send({ subject: `printer ${process.pid}`, state: "closed" }),
  ).expect(201);
  ticket = made.body;
  assert.equal(ticket.state, "open");
  const { body } = await as(customer, api().get(`/tickets/${ticket.id}`)).expect(200);
  assert.equal(body.owner, mail);
  await as(other, api().get(`/tickets/${ticket.id}`)).expect(403);
  await as(customer, api().get("/tickets/999999")).expect(404);
  await as(customer, api().get("/tickets/one")).expect(400);
});

test("lists are filtered, and parsed from texts", async () => {
  const { body } = await as(
    customer,
    api().get("/tickets").query({ limit: "1", state: "open", search: process.pid }),
  ).expect(200);
  assert.deepEqual(
    body.map(({ id }) => id),
    [ticket.id],
  );
  await as(customer, api().get("/tickets").query({ limit: "many" })).expect(400);
  const others = await as(other, api().get("/tickets")).expect(200);
  assert.deepEqual(others.body, []);
});

test("agents change states; customers do not", async () => {
  await as(customer, api().patch(`/tickets/${ticket.id}`).send({ state: "closed" })).expect(403);
  await as(agent, api().patch(`/tickets/${ticket.id}`).send({ state: "lost" })).expect(400);
  await as(agent, api().patch(`/tickets/${ticket.id}`).send({ state: "waiting" })).expect(200, {
    id: ticket.id,
    state: "waiting",
  });
});

test("comments hang on tickets", async () => {
  await as(customer, api().post(`/tickets/${ticket.id}/comments`).send({ text: "is it plugged in?" })).expect(201);
  const { body } = await as(agent, api().get(`/tickets/${ticket.id}/comments`)).expect(200);
  assert.deepEqual(
    body.map(({ text }) => text),
    ["is it plugged in?"],
  );
});

test("attachments go up as a form and come down as a stream", async () => {
  const file = Buffer.alloc(300_000, "screenshot ");
  await as(customer, api().get(`/tickets/${ticket.id}/attachment`)).expect(404);
  await as(customer, api().post(`/tickets/${ticket.id}/attachment`)).expect(400);
  await as(customer, api().post(`/tickets/${ticket.id}/attachment`).attach("file", file, "screen.png")).expect(201, {
    bytes: 300_000,
  });
  await as(
    customer,
    api().post(`/tickets/${ticket.id}/attachment`).attach("file", Buffer.alloc(600_000), "big.png"),
  ).expect(413);
  const down = await as(customer, api().get(`/tickets/${ticket.id}/attachment`))
    .expect(200)
    .expect("content-disposition", /screen\.png/);
  assert.equal(Buffer.compare(down.body, file), 0);
});

test("the export streams, the clock ticks", async () => {
  await as(customer, api().get("/tickets/export.csv")).expect(403);
  const { text } = await as(agent, api().get("/tickets/export.csv").buffer(true))
    .expect(200)
    .expect("content-type", /csv/);
  assert.ok(text.includes(`${ticket.id},"printer ${process.pid}",waiting`));
  const clock = await as(customer, api().get("/tickets/clock").buffer(true))
    .expect(200)
    .expect("content-type", /event-stream/);
  assert.equal(clock.text.match(/data: \{"n":\d\}/g).length, 3);
});

test("errors have its own shape", async () => {
  const missing = await api().get("/nowhere").expect(404);
  assert.equal(missing.body.ok, false);
  const failed = await api().get("/fail").expect(500);
  assert.equal(failed.body.problem, "internal");
  const broken = await api().post("/auth/sign-in").set("content-type", "application/json").send("{").expect(400);
  assert.equal(broken.body.ok, false);
});

test("a ticket goes with what hangs on it", async () => {
  await as(other, api().delete(`/tickets/${ticket.id}`)).expect(403);
  await as(customer, api().delete(`/tickets/${ticket.id}`)).expect(204);
  await as(customer, api().get(`/tickets/${ticket.id}`)).expect(404);
});

after(() => app?.close());
