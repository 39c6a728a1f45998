/** The style of the page. Colors meet a contrast of 4.5 to 1 in both schemes. */
export const style = `
:root{color-scheme:light dark;--paper:#f6f7f5;--card:#fff;--ink:#17211c;--soft:#57635c;--line:#dfe4e0;--green:#1f7a4d;--red:#b3261e;--amber:#8a5a00;--blue:#2a5d9f;--gray:#c3cac5}
@media(prefers-color-scheme:dark){:root{--paper:#101412;--card:#181d1a;--ink:#e9eeea;--soft:#a3aea7;--line:#2a322d;--green:#5cc38d;--red:#ff8a80;--amber:#f0b64c;--blue:#8ab8f2;--gray:#465049}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
.top,main,.bottom{max-width:68rem;margin:0 auto;padding:0 1.5rem}
.top{display:flex;gap:2rem;align-items:center;padding-top:3rem;padding-bottom:1.5rem}
.top svg{width:8rem;flex:none}
h1{margin:0;font-size:clamp(2rem,5vw,3.1rem);line-height:1.1;letter-spacing:-.02em}
.good h1{color:var(--green)}.bad h1{color:var(--red)}.unclear h1{color:var(--amber)}
.eyebrow{margin:0 0 .3rem;color:var(--soft);font-size:.8rem;letter-spacing:.1em;text-transform:uppercase}
.url{margin:.4rem 0 0;color:var(--soft);font-family:ui-monospace,SFMono-Regular,Menlo,monospace;overflow-wrap:anywhere}
circle{fill:none;stroke-width:4;transform:rotate(-90deg);transform-origin:center}
circle.passed{stroke:var(--green)}circle.finding{stroke:var(--red)}circle.accepted{stroke:var(--amber)}circle.skipped{stroke:var(--gray)}
svg text{fill:var(--ink);font:700 9px system-ui,sans-serif;text-anchor:middle}svg .of{fill:var(--soft);font:3.6px system-ui,sans-serif}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(7rem,1fr));gap:1px;margin:0 0 2rem;border:1px solid var(--line);border-radius:12px;overflow:hidden;background:var(--line)}
.facts div{padding:.9rem 1.1rem;background:var(--card)}.facts dd{margin:0;font-size:1.4rem;font-weight:650;font-variant-numeric:tabular-nums}.facts dt{color:var(--soft);font-size:.85rem}
.remarks{margin:0 0 2rem;padding:1rem 1rem 1rem 2.2rem;border-left:4px solid var(--amber);border-radius:6px;background:var(--card)}
h2{margin:2.5rem 0 1rem;font-size:1.35rem}
.finding{margin:0 0 1rem;padding:1.2rem 1.4rem;border:1px solid var(--line);border-left:5px solid var(--tone);border-radius:12px;background:var(--card)}
.high{--tone:var(--red)}.medium{--tone:var(--amber)}.low{--tone:var(--blue)}
.finding header{display:flex;flex-wrap:wrap;gap:.3rem .8rem;align-items:baseline}.finding h3{margin:0;font-size:1.1rem;flex:1 1 16rem}
.severity{color:var(--tone);font-size:.75rem;font-weight:700;letter-spacing:.08em;text-transform:uppercase}
.finding p{margin:.4rem 0 .8rem}header code,footer code{color:var(--soft);font-size:.8rem}
code{font-family:ui-monospace,SFMono-Regular,Menlo,monospace}
.evidence{margin:0 0 .9rem;padding:.7rem .9rem;list-style:none;border-radius:8px;background:var(--paper);font-size:.85rem;max-height:18rem;overflow:auto}.evidence li{overflow-wrap:anywhere}
.finding footer,.check footer{display:flex;flex-wrap:wrap;gap:.3rem 1rem;font-size:.85rem}
a{color:var(--blue);text-underline-offset:.15em}a:hover{text-decoration-thickness:2px}
.areas{columns:2 26rem;column-gap:1.2rem}.area{break-inside:avoid;margin:0 0 1.2rem;padding:.9rem 1.1rem;border:1px solid var(--line);border-radius:12px;background:var(--card)}
.area h3{margin:0 0 .4rem;font-size:1rem}
.check{border-top:1px solid var(--line)}summary{display:grid;grid-template-columns:1.4rem 1fr auto auto;gap:.2rem .6rem;padding:.45rem 0;cursor:pointer;list-style:none}summary::-webkit-details-marker{display:none}
summary small{color:var(--soft)}summary b{color:var(--soft);font-weight:500;font-variant-numeric:tabular-nums}
summary i{font-style:normal;font-weight:700;text-align:center}.passed i{color:var(--green)}.passed i::before{content:"✓"}.finding i{color:var(--red)}.check.finding{margin:0;padding:0;border:0;border-top:1px solid var(--line);border-radius:0}.finding i::before{content:"✗"}.accepted i{color:var(--amber)}.accepted i::before{content:"!"}.skipped i,.skipped span{color:var(--soft)}.skipped i::before{content:"–"}
.check div{padding:0 0 .7rem 2rem;font-size:.9rem}.check p,.check ul{margin:0 0 .4rem}.check ul{padding-left:1.1rem;color:var(--soft)}
:focus-visible{outline:2px solid var(--blue);outline-offset:2px;border-radius:4px}
.bottom{padding-top:2rem;padding-bottom:3rem;color:var(--soft);font-size:.85rem}
@media(max-width:34rem){.top{flex-direction:column;align-items:flex-start;gap:1rem}}
@media print{body{background:#fff}.check div{display:none}.finding{break-inside:avoid}}
`.replaceAll('\n', '')
