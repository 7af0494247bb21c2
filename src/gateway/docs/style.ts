/** Owns the style of `/docs`. It must never load anything: fonts and images are those of the reader's machine. */

export const docsStyle = `
:root {
  --bg: #fbfbfa; --panel: #ffffff; --raised: #f4f4f1; --line: #e4e3de; --text: #1b1c1e; --soft: #5d6068; --faint: #686b72;
  --accent: #0f5fd7; --accent-soft: #e8f0fd; --on-accent: #ffffff;
  --get: #0b6e4f; --get-bg: #e2f3ec; --post: #0f5fd7; --post-bg: #e4edfc; --put: #8a5200; --put-bg: #fbefd9;
  --patch: #6b3fb0; --patch-bg: #efe8fa; --delete: #b3261e; --delete-bg: #fbe7e5;
  --str: #0b6e4f; --num: #8a5200; --key: #0f4aa8; --lit: #6b3fb0;
  --shadow: 0 1px 2px rgb(0 0 0 / .05), 0 8px 24px -12px rgb(0 0 0 / .12);
  --mono: ui-monospace, "SF Mono", "Cascadia Code", "JetBrains Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  --sans: Inter, ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif;
  color-scheme: light;
}
:root[data-theme="dark"] {
  --bg: #101114; --panel: #17181c; --raised: #1f2126; --line: #2b2d34; --text: #e9eaed; --soft: #a6a9b3; --faint: #8c909b;
  --accent: #7db0ff; --accent-soft: #1a2740; --on-accent: #0b1424;
  --get: #63d3a6; --get-bg: #12302a; --post: #8ab8ff; --post-bg: #172a4a; --put: #f0b868; --put-bg: #362812;
  --patch: #c3a4f5; --patch-bg: #2b2142; --delete: #ff9a92; --delete-bg: #3d1d1c;
  --str: #63d3a6; --num: #f0b868; --key: #9cc3ff; --lit: #c3a4f5;
  --shadow: 0 1px 2px rgb(0 0 0 / .4), 0 10px 30px -12px rgb(0 0 0 / .6);
  color-scheme: dark;
}
* { box-sizing: border-box; }
html { scrollbar-gutter: stable; }
body { margin: 0; background: var(--bg); color: var(--text); font: 15px/1.55 var(--sans); -webkit-font-smoothing: antialiased; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
main:focus { outline: none; }
h1, h2, h3 { line-height: 1.25; margin: 0; letter-spacing: -.01em; }
code, pre, kbd, .mono { font-family: var(--mono); font-size: .875em; }
.quiet { color: var(--soft); }
.skip { position: absolute; left: -9999px; }
.skip:focus { left: 12px; top: 12px; z-index: 9; background: var(--panel); padding: 8px 12px; border-radius: 8px; }
.grow { flex: 1; }
.top { position: sticky; top: 0; z-index: 5; height: 56px; display: flex; align-items: center; gap: 14px; padding: 0 20px;
  background: color-mix(in srgb, var(--bg) 88%, transparent); backdrop-filter: blur(10px); border-bottom: 1px solid var(--line); }
.brand { display: flex; align-items: center; gap: 10px; font-weight: 650; color: var(--text); letter-spacing: -.01em; }
.brand:hover { text-decoration: none; }
.mark { width: 18px; height: 18px; background: var(--accent); clip-path: polygon(50% 0, 100% 100%, 50% 72%, 0 100%); transform: rotate(90deg); }
.version { color: var(--faint); font: 12px var(--mono); }
.toplink { color: var(--soft); font-size: 13px; }
.icon { border: 1px solid var(--line); background: var(--panel); color: var(--soft); width: 34px; height: 34px; border-radius: 9px; cursor: pointer; font-size: 15px; line-height: 1; }
.icon:hover { color: var(--text); border-color: var(--faint); }
.menu { display: none; }
.frame { display: grid; grid-template-columns: 290px minmax(0, 1fr); max-width: 1520px; margin: 0 auto; }
.side { position: sticky; top: 56px; height: calc(100vh - 56px); overflow-y: auto; padding: 20px 14px 40px 20px; border-right: 1px solid var(--line); scrollbar-width: thin; }
.search { position: relative; margin-bottom: 18px; }
.search input { padding-right: 34px; }
.search kbd { position: absolute; right: 9px; top: 8px; border: 1px solid var(--line); border-radius: 5px; padding: 0 6px; color: var(--faint); font-size: 11px; line-height: 20px; background: var(--raised); }
.search input:focus + kbd { display: none; }
.group { margin: 0 0 18px; }
.group h2 { font-size: 12px; font-weight: 600; color: var(--faint); padding: 0 8px 6px; letter-spacing: .02em; }
.group ul { list-style: none; margin: 0; padding: 0; }
.op { display: flex; align-items: baseline; gap: 9px; padding: 5px 8px; border-radius: 8px; color: var(--soft); font-size: 13px; }
.op:hover { background: var(--raised); text-decoration: none; color: var(--text); }
.op[aria-current] { background: var(--accent-soft); color: var(--text); }
.op .path { font-family: var(--mono); font-size: 12px; overflow-wrap: anywhere; }
.verb { flex: none; font: 600 10.5px/18px var(--mono); letter-spacing: .03em; min-width: 46px; text-align: center; border-radius: 5px; }
.verb.GET { color: var(--get); background: var(--get-bg); } .verb.POST { color: var(--post); background: var(--post-bg); }
.verb.PUT { color: var(--put); background: var(--put-bg); } .verb.PATCH { color: var(--patch); background: var(--patch-bg); }
.verb.DELETE { color: var(--delete); background: var(--delete-bg); }
main { padding: 36px 40px 96px; min-width: 0; }
.hero h1 { font-size: 32px; letter-spacing: -.025em; margin-bottom: 8px; }
.hero p { max-width: 62ch; color: var(--soft); margin: 0 0 14px; }
.facts { display: flex; flex-wrap: wrap; gap: 8px; margin: 18px 0 36px; }
.chip { font-size: 12.5px; color: var(--soft); background: var(--raised); border: 1px solid var(--line); border-radius: 999px; padding: 2px 11px; }
.chip b { color: var(--text); font-weight: 600; }
.card { background: var(--panel); border: 1px solid var(--line); border-radius: 14px; box-shadow: var(--shadow); }
.services { display: grid; gap: 18px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 380px), 1fr)); align-items: start; }
.services .card { padding: 16px 10px 10px; }
.services h2 { font-size: 15px; padding: 0 8px 8px; }
.services ul { list-style: none; margin: 0; padding: 0; }
.services .op { display: grid; grid-template-columns: auto 1fr; }
.services .sum { grid-column: 2; color: var(--faint); font-size: 12.5px; }
.head { margin-bottom: 28px; }
.crumb { font-size: 13px; color: var(--faint); margin-bottom: 8px; }
.head h1 { font-size: 25px; letter-spacing: -.02em; margin-bottom: 14px; }
.route { display: flex; align-items: center; gap: 12px; padding: 9px 12px; border: 1px solid var(--line); border-radius: 11px; background: var(--panel); width: fit-content; max-width: 100%; }
.route code { font-size: 14px; overflow-wrap: anywhere; }
.route .param { color: var(--accent); }
.kind { color: var(--soft); margin: 14px 0 0; max-width: 66ch; }
.columns { display: grid; grid-template-columns: minmax(0, 1fr) minmax(360px, 460px); gap: 40px; align-items: start; }
section + section { margin-top: 34px; }
section > h2 { font-size: 16px; padding-bottom: 9px; border-bottom: 1px solid var(--line); }
.fields { list-style: none; margin: 0; padding: 0; }
.fields > li { padding: 12px 0; border-bottom: 1px solid var(--line); }
.fields > li:last-child { border-bottom: 0; }
.fields .fields { margin: 10px 0 0; padding-left: 16px; border-left: 2px solid var(--line); }
.fields .fields > li { padding: 9px 0; }
.line { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 10px; }
.name { font: 600 13.5px var(--mono); overflow-wrap: anywhere; }
.type { font: 12.5px var(--mono); color: var(--soft); overflow-wrap: anywhere; }
.req { font-size: 12px; color: var(--delete); }
.where { font-size: 12px; color: var(--faint); }
.desc { margin: 3px 0 0; color: var(--soft); font-size: 14px; }
.rules { margin: 4px 0 0; font: 12px/1.5 var(--mono); color: var(--faint); overflow-wrap: anywhere; }
.one { margin: 8px 0 0; font-size: 12.5px; color: var(--faint); }
details > summary { cursor: pointer; list-style: none; }
details > summary::-webkit-details-marker { display: none; }
.resp { border: 1px solid var(--line); border-radius: 11px; background: var(--panel); margin-top: 10px; }
.resp > summary { display: flex; gap: 12px; align-items: baseline; padding: 10px 14px; border-radius: 11px; }
.resp > summary::after { content: "+"; margin-left: auto; color: var(--faint); font-family: var(--mono); }
.resp[open] > summary::after { content: "\\2212"; }
.resp > summary .about { color: var(--soft); font-size: 14px; overflow-wrap: anywhere; }
.resp .inside { padding: 0 14px 12px; border-top: 1px solid var(--line); }
.code { font: 600 13px var(--mono); } .code.s2 { color: var(--get); } .code.s3 { color: var(--put); } .code.s4, .code.s5, .code.s0 { color: var(--delete); }
.try { position: sticky; top: 80px; padding: 18px; max-height: calc(100vh - 104px); overflow-y: auto; scrollbar-width: thin; }
.try h2 { font-size: 15px; margin-bottom: 14px; }
.field { margin-bottom: 12px; }
.field label, .field .label { display: flex; gap: 8px; align-items: baseline; font: 600 12.5px var(--mono); margin-bottom: 5px; }
.field label small { font: 12px var(--sans); color: var(--faint); }
input, select, textarea { width: 100%; font: 13px var(--mono); color: var(--text); background: var(--bg); border: 1px solid var(--line); border-radius: 8px; padding: 8px 10px; }
.search input { font: 13.5px var(--sans); background: var(--panel); }
textarea { min-height: 168px; resize: vertical; line-height: 1.5; tab-size: 2; white-space: pre; }
input:hover, select:hover, textarea:hover { border-color: var(--faint); }
input:focus-visible, select:focus-visible, textarea:focus-visible { outline-offset: -1px; border-radius: 8px; }
[aria-invalid="true"] { border-color: var(--delete); }
.hint { color: var(--delete); font-size: 12.5px; margin: 5px 0 0; }
.row { display: flex; gap: 8px; } .row > input { min-width: 0; }
.button { font: 600 13.5px var(--sans); border: 1px solid var(--line); background: var(--panel); color: var(--text); border-radius: 9px; padding: 8px 14px; cursor: pointer; white-space: nowrap; }
.button:hover { border-color: var(--faint); }
.button.small { font-size: 12px; font-weight: 500; padding: 4px 10px; }
.button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
.button.main:hover { filter: brightness(1.08); }
.button[disabled] { opacity: .6; cursor: default; }
.actions { display: flex; gap: 10px; align-items: center; margin-top: 16px; }
.actions .quiet { font-size: 12px; }
.answer { margin-top: 18px; border-top: 1px solid var(--line); padding-top: 14px; }
.answer:empty { display: none; }
.stat { display: flex; gap: 14px; align-items: baseline; font-size: 12.5px; color: var(--soft); margin-bottom: 10px; }
pre { margin: 0; background: var(--bg); border: 1px solid var(--line); border-radius: 9px; padding: 12px 13px; overflow: auto; font-size: 12.5px; line-height: 1.55; max-height: 420px; scrollbar-width: thin; }
pre.wrap { white-space: pre-wrap; overflow-wrap: anywhere; }
.j-key { color: var(--key); } .j-str { color: var(--str); } .j-num { color: var(--num); } .j-lit { color: var(--lit); }
.more { margin-top: 12px; font-size: 13px; } .more > summary { color: var(--soft); } .more > summary::before { content: "\\203A"; display: inline-block; width: 14px; }
.more[open] > summary::before { transform: rotate(90deg) translateX(2px); } .more pre { margin-top: 8px; }
.curl { position: relative; } .curl .button { position: absolute; right: 8px; top: 16px; }
@media (max-width: 1180px) { .columns { grid-template-columns: minmax(0, 1fr); } .try { position: static; max-height: none; } main { padding: 30px 28px 80px; } }
@media (max-width: 800px) {
  .frame { grid-template-columns: minmax(0, 1fr); } .menu { display: block; }
  .side { display: none; position: fixed; inset: 56px 0 0; height: auto; background: var(--bg); z-index: 4; border: 0; }
  .side.open { display: block; } .toplink { display: none; } main { padding: 24px 18px 72px; } .hero h1 { font-size: 26px; }
}
@media (prefers-reduced-motion: no-preference) { .op, .button, .icon { transition: background .12s, border-color .12s, color .12s; } }
`;
