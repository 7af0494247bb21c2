/**
 * Owns the program of `/docs`: reads `/openapi.json`, shows it, sends what the reader types. It must never put text into
 * the page as HTML. Plain browser JavaScript, kept as text because the build copies no other files.
 */
import { docsScriptSchema } from "./script-schema.ts";
import { docsScriptTry } from "./script-try.ts";

const start = String.raw`
"use strict";
const $ = (id) => document.getElementById(id);
/** el("p.quiet", { title: "x" }, "text", child) */
function el(spec, attributes, ...children) {
  const [tag, ...classes] = spec.split(".");
  const node = document.createElement(tag || "div");
  if (classes.length > 0) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) if (child !== undefined && child !== null && child !== false) node.append(child);
  return node;
}

/** Text of a contract, where \x60name\x60 is code. */
function prose(text) {
  return String(text).split(/\x60([^\x60]+)\x60/).map((part, i) => (i % 2 === 1 ? el("code", {}, part) : part));
}

const kinds = {
  query: "A query: it reads and changes nothing, so it may be sent again.",
  command: "A command: with an Idempotency-Key the same request has one effect, however often it is sent.",
  workflow: "A workflow: it goes on to its end even when you stop waiting.",
  action: "An action: it runs once. Look at the outcome of an error before you send it again.",
};

let api;
let operations = [];

function theme(choice) {
  document.documentElement.dataset.theme = choice;
}
const systemDark = matchMedia("(prefers-color-scheme: dark)");
const stored = () => { try { return localStorage.getItem("skein-theme"); } catch { return null; } };
theme(stored() || (systemDark.matches ? "dark" : "light"));
systemDark.addEventListener("change", () => stored() || theme(systemDark.matches ? "dark" : "light"));
$("theme").addEventListener("click", () => {
  const choice = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  theme(choice);
  try { localStorage.setItem("skein-theme", choice); } catch {}
});

function openMenu(isOpen) {
  $("side").classList.toggle("open", isOpen);
  $("menu").setAttribute("aria-expanded", String(isOpen));
}
$("menu").addEventListener("click", () => openMenu(!$("side").classList.contains("open")));

function verb(name) {
  return el("span.verb." + name, {}, name === "DELETE" ? "DEL" : name);
}
function link(operation, withSummary) {
  return el("li", {}, el("a.op", { href: "#" + operation.operationId, title: operation.operationId },
    verb(operation.verb), el("span.path", {}, operation.path),
    withSummary && operation.summary && el("span.sum", {}, prose(operation.summary))));
}

function groups(filter) {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const hit = (o) => words.every((w) => (o.verb + " " + o.path + " " + o.operationId + " " + (o.summary || "")).toLowerCase().includes(w));
  return (api.tags || []).map((tag) => ({ name: tag.name, list: operations.filter((o) => o.tags.includes(tag.name) && hit(o)) }))
    .filter((group) => group.list.length > 0);
}

function showList() {
  const found = groups($("filter").value);
  $("list").replaceChildren(...found.map((g) => el("div.group", {}, el("h2", {}, g.name), el("ul", {}, g.list.map((o) => link(o))))));
  if (found.length === 0) $("list").append(el("p.quiet", {}, "No operation matches."));
  mark();
}
function mark() {
  for (const a of $("list").querySelectorAll("a")) {
    if (a.getAttribute("href") === location.hash) { a.setAttribute("aria-current", "page"); a.scrollIntoView({ block: "nearest" }); }
    else a.removeAttribute("aria-current");
  }
}

/** Services without a route are of the system too, and not on this page. */
function servicesChip(shown) {
  const all = Math.max(shown, Number(document.documentElement.dataset.services) || 0);
  const noun = all === 1 ? " service" : " services";
  return el("span.chip", {}, el("b", {}, shown === all ? String(all) : shown + " of " + all), shown === all ? noun : noun + " over HTTP");
}

function overview() {
  const all = groups("");
  const count = (n, one, many) => el("span.chip", {}, el("b", {}, String(n)), " " + (n === 1 ? one : many));
  return [
    el("div.hero", {}, el("h1", {}, api.info.title), el("p", {}, "Every operation of this system over HTTP, straight from its contracts. Pick one to read its schemas and send a real request."),
      el("div.facts", {}, servicesChip(all.length), count(operations.length, "operation", "operations"), el("span.chip", {}, location.origin))),
    el("div.services", {}, all.map((g) => el("div.card", {}, el("h2", {}, g.name), el("ul", {}, g.list.map((o) => link(o, true)))))),
  ];
}

function routeText(path) {
  return el("code", {}, path.split(/(\{[^}]+\})/).map((part) => part.startsWith("{") ? el("span.param", {}, part) : part));
}

function operationView(o) {
  const kind = o["x-skein-kind"];
  const body = o.requestBody && o.requestBody.content["application/json"].schema;
  const responses = Object.entries(o.responses);
  return [
    el("div.head", {}, el("div.crumb", {}, o.operationId), el("h1", {}, o.summary ? prose(o.summary) : o.operationId.split(".").pop()),
      el("div.route", {}, verb(o.verb), routeText(o.path)), kinds[kind] && el("p.kind", {}, kinds[kind])),
    el("div.columns", {},
      el("div", {},
        o.parameters && el("section", {}, el("h2", {}, "Parameters"), el("ul.fields", {}, o.parameters.map((p) =>
          fieldItem(p.name, p.schema, p.required, p.description, p.in)))),
        body && el("section", {}, el("h2", {}, "Body"), schemaView(body)),
        el("section", {}, el("h2", {}, "Answers"), responses.map(([status, r], i) => responseView(status, r, i === 0)))),
      el("div", {}, tryView(o, body))),
  ];
}

function responseView(status, response, isOpen) {
  const content = Object.entries(response.content || {});
  const about = status === "default" ? "Any other error, as problem details" : response.description;
  const label = el("summary", {}, el("span.code.s" + (status === "default" ? "0" : status[0]), {}, status), el("span.about", {}, prose(about)));
  if (content.length === 0) return el("div.resp", {}, el("div.inside", {}, el("p", {}, el("span.code.s" + status[0], {}, status), " ", prose(about), ", without a body")));
  const [type, media] = content[0];
  return el("details.resp", { open: isOpen }, label, el("div.inside", {}, el("p.one", {}, content.map(([t]) => t).join(" or ")), schemaView(media.schema, true)));
}

function show() {
  openMenu(false);
  const id = decodeURIComponent(location.hash.slice(1));
  if (id === "main") return;
  const operation = operations.find((o) => o.operationId === id);
  $("main").replaceChildren(...(operation ? operationView(operation) : overview()));
  document.title = (operation ? operation.verb + " " + operation.path + " · " : "") + api.info.title + " API";
  mark();
  scrollTo(0, 0);
}

addEventListener("hashchange", () => { show(); $("main").focus({ preventScroll: true }); });
addEventListener("keydown", (event) => {
  const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey) { event.preventDefault(); openMenu(true); $("filter").focus(); }
  if (event.key === "Escape") { openMenu(false); document.activeElement.blur(); }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { const form = document.querySelector("form.try"); if (form) form.requestSubmit(); }
});
$("filter").addEventListener("input", showList);
$("filter").addEventListener("keydown", (event) => {
  const first = $("list").querySelector("a");
  if (event.key === "Enter" && first) { location.hash = first.getAttribute("href"); event.preventDefault(); }
});

fetch("/openapi.json").then((r) => r.json()).then((document_) => {
  api = document_;
  $("version").textContent = api.info.version === "0.0.0" ? "" : api.info.version;
  for (const [path, verbs] of Object.entries(api.paths)) {
    for (const [name, operation] of Object.entries(verbs)) operations.push({ ...operation, path, verb: name.toUpperCase() });
  }
  showList();
  show();
}).catch((error) => $("main").replaceChildren(el("p.quiet", {}, "The description could not be loaded: " + error.message)));
`;

/** The whole program of the page. */
export const docsScript = start + docsScriptSchema + docsScriptTry;
