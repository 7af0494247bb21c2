"use strict";
// Runs against the application itself, or against one that runs somewhere: API_URL=https://staging/api npm test
const assert = require("node:assert/strict");
const { before, test } = require("node:test");
const request = require("supertest");

const target = process.env.API_URL ?? require("../app");
const librarian = request.agent(target);
const reader = request.agent(target);
const guest = () => request(target);
const name = `reader_${process.pid}`;
let book;

before(async () => {
  await librarian.post("/login").send({ name: "admin", password: "change me" }).expect(200);
});

test("it says what it is", async () => {
  const { body } = await guest().get("/").expect(200).expect("content-type", /json/).expect("x-response-time", /ms$/);
  assert.equal(body.name, "library");
  const { pathname } = new URL(body.docs, "http://x");
  assert.ok(pathname.endsWith("/assets/about.txt"));
});

test("assets are served and kept", async () => {
  const first = await guest()
    .get("/assets/about.txt")
    .expect(200)
    .expect("cache-control", /max-age=3600/);
  await guest().get("/assets/about.txt").set("if-none-match", first.headers.etag).expect(304);
  await guest().get("/assets/none.txt").expect(404);
});

test("an account is made once, and its mistakes are told", async () => {
  const made = await guest().post("/accounts").send({ name, password: "long enough" }).expect(201);
  assert.match(made.headers.location, new RegExp(`/accounts/${made.body.id}$`));
  await guest().post("/accounts").send({ name, password: "long enough" }).expect(409);
  await guest().post("/accounts").send({ name: "x", password: "long enough" }).expect(400);
  const { body } = await guest().post("/accounts").set("content-type", "application/json").send("{no json").expect(400);
  assert.match(body.error, /JSON/);
});

test("one signs in with a session, and out", async () => {
  await reader.get("/me").expect(401);
  await reader.post("/login").send({ name, password: "wrong" }).expect(401);
  const { headers } = await reader.post("/login").send({ name, password: "long enough" }).expect(200);
  assert.match(String(headers["set-cookie"]), /library\.sid=.*HttpOnly; SameSite=Lax/);
  const { body } = await reader.get("/me").expect(200);
  assert.equal(body.name, name);
});

test("librarians keep the books; readers do not", async () => {
  await guest().post("/books").send({ title: "x", author: "y" }).expect(401);
  await reader.post("/books").send({ title: "x", author: "y" }).expect(403);
  const wrong = await librarian.post("/books").send({ title: "", author: "y" }).expect(400);
  assert.equal(wrong.body.error, "title and author are texts");
  const made = await librarian
    .post("/books")
    .send({ title: `Dune "${process.pid}"`, author: "Herbert", copies: 1 })
    .expect(201);
  book = made.body;
  assert.match(made.headers.location, new RegExp(`/books/${book.id}$`));
  const { body } = await librarian.patch(`/books/${book.id}`).send({ author: "Frank Herbert" }).expect(200);
  assert.equal(body.author, "Frank Herbert");
});

test("books are found", async () => {
  const { body } = await guest()
    .get("/books")
    .query({ title: `"${process.pid}"`, limit: 5 })
    .expect(200);
  assert.deepEqual(
    body.map(({ id }) => id),
    [book.id],
  );
  await guest().get(`/books/${book.id}`).expect(200);
  await guest().head(`/books/${book.id}`).expect(200);
  const missing = await guest().get("/books/999999").expect(404);
  assert.equal(missing.body.error, "no book 999999");
  await guest().get("/books/nothing").expect(404);
});

test("the latest one is a redirect that can be followed", async () => {
  const { headers } = await guest().get("/books/latest").expect(302);
  assert.match(headers.location, new RegExp(`/books/${book.id}$`));
  const followed = await guest().get("/books/latest").redirects(1).expect(200);
  assert.equal(followed.body.id, book.id);
});

test("a copy is lent once and comes back", async () => {
  await guest().get(`/books/${book.id}/loans`).expect(401);
  const loan = await reader.post(`/books/${book.id}/loans`).expect(201);
  await reader.post(`/books/${book.id}/loans`).expect(409);
  await librarian.delete(`/books/${book.id}/loans/${loan.body.id}`).expect(404);
  await reader.delete(`/books/${book.id}/loans/${loan.body.id}`).expect(200);
  const { body } = await reader.get(`/books/${book.id}/loans`).expect(200);
  assert.deepEqual(body, []);
});

test("a cover goes up as a form and comes down in parts", async () => {
  const picture = Buffer.alloc(200_000, "picture ");
  await guest().get(`/books/${book.id}/cover`).expect(404);
  await librarian
    .post(`/books/${book.id}/cover`)
    .attach("cover", picture, { filename: "c.png", contentType: "image/png" })
    .expect(201, { bytes: 200_000, type: "image/png" });
  await librarian.post(`/books/${book.id}/cover`).attach("cover", Buffer.alloc(600_000), "big.png").expect(413);
  const { body } = await guest().get(`/books/${book.id}/cover`).expect(200).expect("content-type", "image/png");
  assert.equal(Buffer.compare(body, picture), 0);
  const part = await guest().get(`/books/${book.id}/cover`).set("range", "bytes=8-15").expect(206);
  assert.equal(part.body.toString(), "picture ");
  assert.equal(part.headers["content-range"], "bytes 8-15/200000");
});

test("reports stream", async () => {
  await reader.get("/reports/books.csv").expect(403);
  const { text, headers } = await librarian.get("/reports/books.csv").expect(200);
  assert.match(headers["content-disposition"], /books\.csv/);
  assert.ok(text.includes(`"Dune ""${process.pid}"""`));
  const { text: numbers } = await librarian.get("/reports/numbers").query({ count: 50_000 }).expect(200);
  assert.equal(numbers.split("\n").length, 50_001);
});

test("what is not there is 404, a body too large 413, in the words of the application", async () => {
  const { body } = await guest().get("/nothing/here").expect(404);
  assert.equal(body.error, "nothing at GET /nothing/here");
  const large = await guest()
    .post("/login")
    .send({ name: "x".repeat(150_000) })
    .expect(413);
  assert.match(large.body.error, /too large/);
});

test("a book goes with its loans, and one signs out", async () => {
  await librarian.delete(`/books/${book.id}`).expect(204);
  await guest().get(`/books/${book.id}`).expect(404);
  await reader.post("/logout").expect(204);
  await reader.get("/me").expect(401);
});
