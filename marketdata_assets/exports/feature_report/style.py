"""The style sheet of the report."""

from __future__ import annotations

STYLE = """
:root{--ink:#1d2630;--soft:#5e6b78;--line:#e3e1db;--paper:#fbfaf7;--card:#fff;--blue:#1d6391;--teal:#4fa3a5;--rust:#b8543a;
--good:#2c7a55;--warn:#a86f10;--bad:#b03a2e}
*{box-sizing:border-box}html{scroll-behavior:smooth}
body{margin:0;background:var(--paper);color:var(--ink);font:14px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
.wrap{max-width:1160px;margin:0 auto;padding:0 28px}
header{background:#12293b;color:#f4f6f7;padding:34px 0 0}
header h1{margin:2px 0 10px;font-size:30px;font-weight:650;letter-spacing:-.015em}
.kicker{margin:0;color:#8fb6c9;font-size:12px;letter-spacing:.14em;text-transform:uppercase}
.verdict{display:inline-flex;align-items:center;gap:9px;margin:0 0 20px;padding:5px 14px 5px 11px;
border-radius:99px;background:#ffffff1c;color:#f4f6f7;font-size:13px}
.verdict i{width:9px;height:9px;border-radius:50%}.verdict.good i{background:#58c08d}
.verdict.warn i{background:#f0b64a}.verdict.bad i{background:#ec6a5a}
nav{display:flex;gap:26px;border-top:1px solid #ffffff1f}
nav a{padding:12px 0;color:#c9d8e1;text-decoration:none;font-size:13px}nav a:hover{color:#fff}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(236px,1fr));gap:12px;margin:26px 0 18px}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:13px 16px}
.card b{display:block;font-size:18px;font-weight:620;letter-spacing:-.015em;white-space:nowrap;overflow:hidden;text-overflow:ellipsis;
font-variant-numeric:tabular-nums}
.card span{color:var(--soft);font-size:12px}
.members{margin:0 0 10px;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 16px}
.members svg{width:100%;height:90px}.members figcaption{color:var(--soft);font-size:12px}
svg.line{overflow:visible}svg.line polygon{fill:#1d639114}
svg.line polyline{fill:none;stroke:var(--blue);stroke-width:1.6;vector-effect:non-scaling-stroke}
section{padding:26px 0 8px;border-top:1px solid var(--line);margin-top:24px}
h2{margin:0 0 6px;font-size:20px;font-weight:640;letter-spacing:-.01em}
p{max-width:86ch;color:var(--soft);margin:0 0 14px}
table{border-collapse:collapse;width:100%;background:var(--card);border:1px solid var(--line);border-radius:10px;overflow:hidden;
font-size:13px}
th,td{padding:6px 12px;text-align:left;vertical-align:middle;border-top:1px solid #efede8}
thead th{background:#f3f1ec;color:var(--soft);font-weight:600;font-size:11.5px;border-top:0;vertical-align:bottom}
tbody th{font-weight:560;white-space:nowrap}
td.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.wide{white-space:nowrap}
tr.group td{background:#f8f7f3;color:var(--blue);font-size:11.5px;font-weight:650;letter-spacing:.08em;
text-transform:uppercase;padding-top:11px}
.pill{display:inline-block;min-width:46px;padding:1px 9px;border-radius:99px;color:#fff;font-size:11.5px;font-weight:600;text-align:center}
.pill.good{background:var(--good)}.pill.warn{background:var(--warn)}.pill.bad{background:var(--bad)}
.gates td{color:var(--soft)}.gates td:first-child{width:74px}
.scroll{overflow-x:auto;padding-bottom:4px}
svg.chart{display:block}svg.chart text{font:11px system-ui,sans-serif;fill:var(--soft)}svg.chart text.row{fill:var(--ink);font-size:11px}
svg.chart rect:hover{stroke:#12293b;stroke-width:1.2}
svg.spark rect{fill:var(--teal)}svg.spark{display:block}
.meter{position:relative;display:inline-block;width:54px;height:7px;border-radius:4px;background:#eceae4;vertical-align:middle;
overflow:hidden}
.features th,.features td{padding:5px 7px}.features .meter{width:44px}.features .figure{min-width:36px;margin-left:6px}
.meter i{position:absolute;top:0;bottom:0;left:0;background:var(--teal);border-radius:4px}
.meter.warm i{background:#d59a5b}.meter.both i{border-radius:0}
.meter.both i.up{background:var(--blue)}.meter.both i.down{background:var(--rust)}
.meter.both::after{content:"";position:absolute;left:50%;top:0;bottom:0;width:1px;background:#a9a69e}
.figure{display:inline-block;min-width:40px;margin-left:8px;font-weight:500;font-variant-numeric:tabular-nums;font-size:12.5px;text-align:right}
.none{color:#a3a09a;font-size:12px}
.legend{display:inline-flex;align-items:center;gap:7px;margin-left:8px;font-size:12px;white-space:nowrap}
.ramp{display:inline-flex;border-radius:3px;overflow:hidden}.ramp i{width:7px;height:10px}
.two{display:grid;grid-template-columns:1fr 1fr;gap:20px}.two .meter{width:150px}
.pairs{max-width:640px;margin-top:18px}
footer{color:var(--soft);font-size:12px;padding-top:26px;padding-bottom:44px}
@media (max-width:760px){.two{grid-template-columns:1fr}nav{gap:16px;flex-wrap:wrap}}
@media print{header{background:#fff;color:#000}nav{display:none}section{break-inside:avoid}}
"""
