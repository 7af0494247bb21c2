/** Owns the form of `/docs` that sends real requests and shows their answers. Part of the page's program, see `script.ts`. */

export const docsScriptTry = String.raw`
const shownMax = 200000;

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
}

function control(p, id) {
  const schema = merged(p.schema);
  const values = schema.enum || (schema.type === "boolean" ? [true, false] : undefined);
  if (values) return el("select", { id, name: p.name }, el("option", { value: "" }, p.required ? "choose" : "not sent"), values.map((v) => el("option", { value: String(v) }, String(v))));
  const hint = schema.default !== undefined ? String(schema.default) : schema.type === "array" ? "one, two" : "";
  return el("input", { id, name: p.name, placeholder: hint, autocomplete: "off", spellcheck: "false", inputmode: schema.type === "integer" ? "numeric" : undefined });
}

function tryView(o, bodySchema) {
  const inputs = (o.parameters || []).map((p, i) => {
    const id = "p" + i;
    const input = control(p, id);
    const isKey = p.name === "Idempotency-Key";
    if (isKey) input.value = newKey();
    const label = el("label", { for: id }, p.name, el("small", {}, p.required ? "required" : p.in));
    const renew = isKey && el("button.button.small", { type: "button", onclick: () => { input.value = newKey(); refresh(); } }, "New");
    return { p, input, view: el("div.field", {}, label, el("div.row", {}, input, renew)) };
  });
  const text = bodySchema && el("textarea", { id: "body", spellcheck: "false", "aria-describedby": "bodyhint" });
  if (text) text.value = JSON.stringify(example(bodySchema), null, 2);
  const hint = el("p.hint", { id: "bodyhint", role: "status" });
  const accepts = Object.keys((Object.values(o.responses)[0] || {}).content || {});
  const events = accepts.includes("text/event-stream") && el("select", { id: "accept" }, accepts.map((a) => el("option", {}, a)));
  const answer = el("div.answer", { "aria-live": "polite" });
  const send = el("button.button.main", { type: "submit" }, "Send");
  const stop = el("button.button", { type: "button", hidden: true }, "Stop");
  const curl = el("pre.wrap", {});
  const request = () => {
    let path = o.path;
    const query = new URLSearchParams();
    const headers = {};
    for (const { p, input } of inputs) {
      const value = input.value;
      if (p.in === "path") path = path.replace("{" + p.name + "}", encodeURIComponent(value));
      else if (value === "") continue;
      else if (p.in === "header") headers[p.name] = value;
      else if (merged(p.schema).type === "array") for (const item of value.split(",")) query.append(p.name, item.trim());
      else query.append(p.name, value);
    }
    if (events) headers.Accept = events.value;
    if (text && text.value.trim() !== "") headers["Content-Type"] = "application/json";
    const search = query.toString();
    return { url: path + (search ? "?" + search : ""), init: { method: o.verb, headers, body: headers["Content-Type"] ? text.value : undefined } };
  };
  const refresh = () => { curl.textContent = toCurl(request()); };
  const check = () => {
    let problem = "";
    if (text && text.value.trim() !== "") try { JSON.parse(text.value); } catch (error) { problem = "Not JSON: " + error.message; }
    hint.textContent = problem;
    if (text) text.setAttribute("aria-invalid", String(problem !== ""));
    for (const { p, input } of inputs) input.setAttribute("aria-invalid", "false");
    refresh();
  };
  const form = el("form.try.card", { novalidate: true, oninput: check, onsubmit: (event) => {
    event.preventDefault();
    const missing = inputs.find(({ p, input }) => p.required && input.value === "");
    if (missing) { missing.input.setAttribute("aria-invalid", "true"); missing.input.focus(); return; }
    run(request(), answer, send, stop);
  } },
    el("h2", {}, "Try it"),
    inputs.map((i) => i.view),
    events && el("div.field", {}, el("label", { for: "accept" }, "Accept"), events),
    text && el("div.field", {}, el("label", { for: "body" }, "Body", el("small", {}, "JSON")), text, hint),
    el("div.actions", {}, send, stop, el("span.quiet", {}, "Ctrl + Enter")),
    answer,
    el("details.more", {}, el("summary", {}, "As curl"), el("div.curl", {}, curl, el("button.button.small", { type: "button", onclick: (event) => copy(curl.textContent, event.target) }, "Copy"))));
  refresh();
  return form;
}

function copy(text, button) {
  const done = (word) => { button.textContent = word; setTimeout(() => { button.textContent = "Copy"; }, 1200); };
  if (!navigator.clipboard) return done("Select it");
  navigator.clipboard.writeText(text).then(() => done("Copied"), () => done("Select it"));
}

function toCurl({ url, init }) {
  const quote = (text) => "'" + text.replaceAll("'", "'\\''") + "'";
  const parts = ["curl " + (init.method === "GET" ? "" : "-X " + init.method + " ") + quote(location.origin + url)];
  for (const [name, value] of Object.entries(init.headers)) parts.push("-H " + quote(name + ": " + value));
  if (init.body !== undefined) parts.push("-d " + quote(init.body));
  return parts.join(" \\\n  ");
}

async function run({ url, init }, answer, send, stop) {
  const controller = new AbortController();
  const started = performance.now();
  send.disabled = true;
  stop.hidden = false;
  stop.onclick = () => controller.abort();
  try {
    const response = await fetch(url, { ...init, signal: controller.signal });
    const stat = el("div.stat", {}, el("span.code.s" + String(response.status)[0], {}, response.status + " " + response.statusText));
    const time = el("span", {});
    const size = el("span", {});
    stat.append(time, size);
    const pre = el("pre.wrap", { tabindex: "0", "aria-label": "Answer" });
    const heads = [...response.headers].map(([name, value]) => name + ": " + value).join("\n");
    answer.replaceChildren(stat, pre, el("details.more", {}, el("summary", {}, "Headers"), el("pre.wrap", {}, heads)));
    const type = response.headers.get("content-type") || "";
    let text = "";
    const decoder = new TextDecoder();
    if (response.body) for (const reader = response.body.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
      size.textContent = text.length + " characters";
      if (text.length > shownMax) { controller.abort(); break; }
      if (!type.includes("json") || type.includes("ndjson")) pre.textContent = text;
    }
    time.textContent = Math.round(performance.now() - started) + " ms";
    size.textContent = text === "" ? "no body" : text.length + " characters";
    if (text === "") pre.remove();
    else if (type.includes("json") && !type.includes("ndjson")) paint(pre, text);
    else pre.textContent = text;
  } catch (error) {
    if (controller.signal.aborted) return;
    answer.replaceChildren(el("p.hint", {}, "No answer: " + error.message));
  } finally {
    send.disabled = false;
    stop.hidden = true;
  }
}

/** JSON with colours, as text nodes. */
function paint(pre, text) {
  let pretty = text;
  try { pretty = JSON.stringify(JSON.parse(text), null, 2); } catch {}
  const token = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;
  const parts = [];
  let at = 0;
  for (const match of pretty.matchAll(token)) {
    parts.push(pretty.slice(at, match.index));
    const [all, string, colon, literal] = match;
    if (string !== undefined) parts.push(el(colon === undefined ? "span.j-str" : "span.j-key", {}, string), colon || "");
    else parts.push(el(literal !== undefined ? "span.j-lit" : "span.j-num", {}, all));
    at = match.index + all.length;
  }
  pre.replaceChildren(...parts, pretty.slice(at));
}
`;
