"""The look of the HTML report. Its colours only repeat what signs and words say."""

from __future__ import annotations

STYLE = """
:root { --ink: #1d2126; --soft: #5c6672; --line: #d8dde3; --paper: #fff; --panel: #f5f7f9;
  --good: #1a7f37; --bad: #c02626; --open: #9a6700; --person: #6639ba;
  --added: #e8f6ec; --removed: #fdecec; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e3e7ec; --soft: #98a3b0; --line: #353c45; --paper: #14181d; --panel: #1c2228;
    --good: #57c878; --bad: #ff8a80; --open: #e0b252; --person: #bf9bff;
    --added: #16301f; --removed: #3b1d1f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 74rem; padding: 2.5rem 1.5rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0 0 .75rem; font-size: 1.7rem; line-height: 1.25; }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.15rem; }
h3 { margin: 1rem 0 .25rem; font-size: 1rem; }
code, pre, .digests dd { font: .86em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
.phase { margin: 0; color: var(--soft); }
.goal { max-width: 48rem; margin: 0 0 1rem; white-space: pre-line; }
.counts > span { margin-right: 1.25rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; }
ul.reasons { margin: 0; padding: 0; list-style: none; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .35rem .75rem .35rem 0; text-align: left; vertical-align: top; font-weight: normal; }
thead th { color: var(--soft); border-bottom: 1px solid var(--line); }
.matrix { table-layout: fixed; }
.matrix thead th:nth-child(1) { width: 42%; } .matrix thead th:nth-child(2) { width: 21%; } .matrix thead th:nth-child(4) { width: 11em; }
.matrix tbody { border-bottom: 1px solid var(--line); break-inside: avoid; }
.matrix .clause th, .matrix .clause td { padding-top: .9rem; font-weight: 600; }
.matrix tbody tr:last-child td { padding-bottom: .9rem; }
.matrix tbody tr:not(.clause) td:first-child { padding-left: 1.25rem; }
.id { margin-right: .5rem; }
.scenario { margin: .3em 0 0 1.45em; font-size: .88em; font-weight: normal; }
.note { white-space: nowrap; color: var(--open); font-size: .88em; font-weight: normal; }
.finding td { padding-top: 0; }
.sign { font-weight: 700; }
.verified, .passed { color: var(--good); } .violated, .failed { color: var(--bad); }
.unverified, .errored, .waived { color: var(--open); } .person { color: var(--person); } .skipped { color: var(--soft); }
.diff { margin: 0; padding: .75rem 0; background: var(--panel); white-space: pre-wrap; }
.diff span { display: block; padding: 0 1rem; }
.diff .file { padding-top: .75rem; font-weight: 700; } .diff .file:first-child { padding-top: 0; }
.diff .meta, .diff .hunk { color: var(--soft); }
.diff .added { background: var(--added); } .diff .removed { background: var(--removed); }
@media print { body { max-width: none; padding: 0; font-size: 11px; } h2 { break-after: avoid; }
  .diff span { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
@media (max-width: 44rem) { .matrix thead { display: none; } .matrix, .matrix :is(tbody, tr, td, th) { display: block; }
  .matrix tbody { padding-bottom: .75rem; } .matrix .clause td { padding: 0 0 .35rem; }
  .matrix tbody tr:not(.clause) td { padding: .1rem 0 .1rem 1.25rem; } }
"""
