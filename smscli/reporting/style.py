"""The style of pages: light and dark, on a phone, and on A4 paper."""

CSS = """
:root {
  color-scheme: light dark;
  --paper: #f6f7f9; --card: #ffffff; --ink: #1c2430; --soft: #5f6b7a; --line: #e3e7ec;
  --good: #2f9e6e; --bad: #d9534a; --still: #b6bfca; --one: #3f72c4; --two: #e0a13c;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #12161c; --card: #1a2029; --ink: #e6eaf0; --soft: #98a4b3; --line: #2b333f;
    --good: #45b684; --bad: #e8746b; --still: #5d6876; --one: #6f9ce3; --two: #e5b35c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink); line-height: 1.5;
  font-family: system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC",
    "WenQuanYi Micro Hei", sans-serif;
  overflow-wrap: break-word;
}
main { max-width: 800px; margin: 0 auto; padding: 32px 16px 48px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; font-weight: 650; }
h2 { font-size: 16px; margin: 0 0 12px; font-weight: 650; }
p { margin: 0 0 8px; }
.soft, footer, caption { color: var(--soft); font-size: 13px; }
header { margin-bottom: 20px; }
blockquote { margin: 12px 0 0; padding: 8px 14px; border-left: 3px solid var(--line); white-space: pre-wrap; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 20px;
  margin-bottom: 16px; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 0 0 16px; }
dl div { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; }
dt { color: var(--soft); font-size: 13px; }
dd { margin: 0; font-size: 26px; font-weight: 650; line-height: 1.3; font-variant-numeric: tabular-nums; }
dd small { display: block; font-size: 13px; font-weight: 400; }
dd.good { color: var(--good); }
dd.bad { color: var(--bad); }
ul.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; list-style: none; margin: 0 0 8px; padding: 0;
  font-size: 13px; }
ul.legend svg { width: 10px; height: 10px; margin-right: 6px; }
svg rect { rx: 2px; }
.good rect, rect.good { fill: var(--good); }
.bad rect, rect.bad { fill: var(--bad); }
.still rect, rect.still { fill: var(--still); }
.one rect, rect.one { fill: var(--one); }
.two rect, rect.two { fill: var(--two); }
svg.chart { display: block; width: 100%; height: auto; font-size: 12px; }
svg.chart.narrow { display: none; }
svg.chart .background { fill: none; }
svg.chart text { fill: var(--soft); }
svg.chart .axis.y text { text-anchor: end; }
svg.chart .axis.x text { text-anchor: middle; }
svg.chart path { fill: none; stroke: var(--line); }
svg.chart .axis.x path { stroke: none; }
table { width: 100%; border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 16px 6px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
tr > :last-child { padding-right: 0; }
tbody tr:last-child > * { border-bottom: 0; }
th { color: var(--soft); font-weight: 500; font-size: 13px; }
tbody th { width: 50%; color: inherit; font-weight: 400; font-size: inherit; }
section.long tbody th { width: auto; white-space: nowrap; }
.number { text-align: right; white-space: nowrap; }
th[scope="row"], td:last-child { overflow-wrap: anywhere; }
small { font-size: 12px; color: var(--soft); }
svg.bar { display: block; width: 100%; height: 8px; margin: 4px 0 2px; }
.table { overflow-x: auto; }
details td, details th[scope="row"] { white-space: nowrap; }
section > .table + .table, section > p + .table { margin-top: 16px; }
section > :last-child { margin-bottom: 0; }
section > .soft { margin: 10px 0 0; }
details { margin-top: 12px; }
summary { cursor: pointer; color: var(--soft); font-size: 13px; margin-bottom: 8px; }
@media screen and (max-width: 600px) {
  main { padding: 20px 12px 32px; }
  section { padding: 16px 12px; }
  dl { grid-template-columns: 1fr 1fr; gap: 8px; }
  dl div { padding: 10px 12px; }
  dd { font-size: 22px; }
  section.long table { font-size: 13px; }
  section.long th, section.long td { padding-right: 10px; }
  svg.chart.wide { display: none; }
  svg.chart.narrow { display: block; }
}
@page { size: A4; margin: 14mm; }
@media print {
  :root { --paper: #ffffff; }
  main { max-width: none; padding: 0; }
  section { break-inside: avoid; padding: 14px; }
  section.long { break-inside: auto; }
  tr, dl div { break-inside: avoid; }
  h2 { break-after: avoid; }
  details:not([open]) { display: none; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
