// The page of a comparison: sorts and filters its table, tells where a row comes from,
// and draws energy against score. Everything it shows is in the page already.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("comparison-data").textContent);
  const byId = (id) => document.getElementById(id);
  const chosen = { phase: 0, metric: 0, cohort: 0 };
  const FIRST_ROWS = 500;
  const UNKNOWN = "\u2013";

  // ---- the table
  const table = byId("systems");
  const body = table.tBodies[0];
  const heads = [...table.tHead.querySelectorAll("th")];
  const elements = [...body.rows];
  const state = { column: null, isRising: true, text: "", onFront: false, found: false };
  let limit = Math.max(FIRST_ROWS, elements.length);
  let order = data.systems.map((_, i) => i);
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const searched = data.systems.map(({ cells }) =>
    [cells[0][0], cells[0][1], cells[0][3] || ""].join(" ").toLowerCase());

  const key = () => `${chosen.cohort}.${chosen.phase}.${chosen.metric}`;

  function classes(of) {
    return ["p", "m", "c"].map((name, i) => (of[i] === null ? "" : `${name} ${name}${of[i]}`))
      .join(" ").trim();
  }

  // The same row as macros of the template write it.
  function makeRow(i) {
    const row = document.createElement("tr");
    data.systems[i].cells.forEach(([text = "\u2013", small, , source, original], k) => {
      const cell = document.createElement(k === 0 ? "th" : "td");
      if (k === 0) cell.scope = "row";
      cell.className = k === 0 ? "system" : `number ${classes(data.columns[k].of)}`.trim();
      if (source) cell.title = source;
      if (original) {
        const before = document.createElement("del");
        before.textContent = original;
        cell.append(before, " ");
      }
      const main = document.createElement(k === 0 ? "bdi" : "span");
      main.textContent = text;
      cell.append(main);
      if (small) {
        const below = document.createElement("small");
        below.textContent = small;
        cell.append(below);
      }
      row.append(cell);
    });
    const aside = document.createElement("td");
    aside.className = "sources-of";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "where";
    button.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-label", `Where figures of ${data.systems[i].cells[0][0]} come from`);
    button.title = "where from";
    button.textContent = "i";
    aside.append(button);
    row.cells[0].after(aside);
    return row;
  }

  function rowOf(i) {
    elements[i] ??= makeRow(i);
    elements[i].dataset.i = i;
    return elements[i];
  }

  function matches(i) {
    const system = data.systems[i];
    if (!system.cohorts.includes(chosen.cohort)) return false;
    if (state.onFront && !(system.fronts[key()] || [])[1]) return false;
    if (state.found && !system.nFindings) return false;
    return !state.text || state.text.split(/\s+/).every((word) => searched[i].includes(word));
  }

  function compare(i, j) {
    const [a, b] = [i, j].map((s) => data.systems[s].cells[state.column][2] ?? null);
    if (a === null || b === null) return (a === null) - (b === null) || i - j;
    const rising = typeof a === "number" && typeof b === "number"
      ? a - b : collator.compare(String(a), String(b));
    return (state.isRising ? rising : -rising) || i - j;
  }

  function show() {
    const shown = order.filter(matches);
    const visible = new Set(shown.slice(0, limit));
    const rows = document.createDocumentFragment();
    for (const opened of body.querySelectorAll("button[aria-expanded=true]")) {
      opened.setAttribute("aria-expanded", "false");
    }
    for (const i of order) {
      if (!visible.has(i) && !elements[i]) continue;
      const row = rowOf(i);
      row.hidden = !visible.has(i);
      rows.append(row);
    }
    body.replaceChildren(rows);
    const n = data.systems.length;
    const more = shown.length - visible.size;
    byId("count").textContent = `${shown.length.toLocaleString("en")} of ${
      n.toLocaleString("en")} systems${more ? `, the first ${visible.size} shown` : ""}`;
    byId("none").hidden = shown.length > 0;
    byId("more").hidden = !more;
    byId("more").textContent = `Show all ${shown.length.toLocaleString("en")} systems`;
  }

  function sortBy(k) {
    state.isRising = state.column === k ? !state.isRising : true;
    state.column = k;
    order.sort(compare);
    heads.forEach((head, i) => {
      if (i === k) head.setAttribute("aria-sort", state.isRising ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
    show();
  }

  // ---- where a row comes from
  function tell(row, button) {
    const next = row.nextElementSibling;
    const isOpen = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!isOpen));
    if (isOpen) {
      if (next && next.classList.contains("sources")) next.remove();
      return;
    }
    const opened = document.createElement("tr");
    opened.className = "sources";
    const cell = document.createElement("td");
    cell.colSpan = heads.length + 1;
    const list = document.createElement("dl");
    data.systems[+row.dataset.i].cells.forEach(([text = UNKNOWN, small, , source, original], k) => {
      if (!source) return;
      const term = document.createElement("dt");
      term.textContent = k === 0 ? "name" : data.columns[k].text;
      const told = document.createElement("dd");
      if (original) {
        const before = document.createElement("del");
        before.textContent = original;
        told.append(before, " ");
      }
      if (k > 0) {
        const figure = document.createElement("b");
        figure.textContent = small ? `${text} (${small.replace("\n", ", ")})` : text;
        told.append(figure, " ");
      }
      told.append(source);
      list.append(term, told);
    });
    cell.append(list);
    opened.append(cell);
    row.after(opened);
  }

  table.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.classList.contains("where")) tell(button.closest("tr"), button);
    else sortBy(+button.dataset.column);
  });

  function choose() {
    for (const name of ["phase", "metric", "cohort"]) {
      const control = byId(name);
      if (control) chosen[name] = +control.value;
      table.dataset[name] = chosen[name];
    }
    show();
    draw();
  }

  for (const name of ["phase", "metric", "cohort"]) byId(name)?.addEventListener("change", choose);
  byId("filter").addEventListener("input", (event) => {
    state.text = event.target.value.trim().toLowerCase();
    show();
  });
  byId("on-front").addEventListener("change", (event) => {
    state.onFront = event.target.checked;
    show();
  });
  byId("found").addEventListener("change", (event) => {
    state.found = event.target.checked;
    show();
  });
  byId("more").addEventListener("click", () => {
    limit = Infinity;
    show();
  });
  addEventListener("beforeprint", () => {
    if (elements.filter(Boolean).length < data.systems.length) {
      limit = Infinity;
      show();
    }
  });

  // ---- the chart
  const chart = byId("chart");
  const MANY = 1500;
  let ready = false;

  // Plotly reads a few tags in texts: none may come from a name.
  const plain = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;")
    .replace(/>/g, "&gt;");
  const short = (text, n) => (text.length > n ? `${text.slice(0, n - 1)}…` : text);
  const figure = (x) => (x === null ? UNKNOWN : String(Number(x.toPrecision(3))));

  function colors() {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(`--${name}`).trim();
    return { ink: of("ink"), soft: of("soft"), line: of("line"), surface: of("surface"),
      front: of("plot-front"), other: of("plot-other"), doubt: of("plot-doubt"), cap: of("plot-cap") };
  }

  function told(system) {
    const energy = system.energies[chosen.phase];
    const front = system.fronts[key()];
    // Digits are those of the table.
    const inTable = (kind, i, unit = "") => {
      const [text, range] = system.cells[data.places[kind][i]];
      return plain(text + unit + (range ? ` (${range})` : ""));
    };
    const lines = [
      `<b>${plain(short(system.cells[0][0], 60))}</b>`,
      plain(short(system.team, 60)) + (system.isBaseline ? ", baseline" : ""),
      `${plain(data.phases[chosen.phase])} ${inTable("energies", chosen.phase, " kWh")}`,
      plain(energy[3]),
      `${plain(data.metrics[chosen.metric].name)} ${inTable("scores", chosen.metric)}`,
    ];
    if (front) lines.push(`${front[1] ? "on the front, " : ""}P(front) ${plain(front[0])}`);
    if (system.nFindings) lines.push(`${system.nFindings} finding${system.nFindings > 1 ? "s" : ""}`);
    lines.push(plain(short(energy[4], 70)));
    return lines.join("<br>");
  }

  function arms(systems, of) {
    const arm = (a, b) => (a === null || b === null ? 0 : Math.abs(b - a));
    return {
      type: "data", symmetric: false, thickness: 1, width: 0,
      array: systems.map((s) => arm(of(s)[0], of(s)[2])),
      arrayminus: systems.map((s) => arm(of(s)[0], of(s)[1])),
    };
  }

  function marks(systems, name, color, marker, hasArms) {
    const energy = (s) => s.energies[chosen.phase];
    const score = (s) => s.scores[chosen.metric];
    const trace = {
      type: "scatter", mode: "markers", name,
      x: systems.map((s) => energy(s)[0]),
      y: systems.map((s) => score(s)[0]),
      hoverinfo: "text", hovertext: systems.map(told),
      marker: { color, size: 8, ...marker },
    };
    if (hasArms) {
      const pale = (arm) => ({ ...arm, color: faded(color) });
      trace.error_x = pale(arms(systems, energy));
      trace.error_y = pale(arms(systems, score));
    }
    return trace;
  }

  function faded(color) {
    const [r, g, b] = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
    return `rgba(${r},${g},${b},.4)`;
  }

  function stepOf(members, right, color) {
    const x = members.map((s) => s.energies[chosen.phase][0]);
    const y = members.map((s) => s.scores[chosen.metric][0]);
    if (x.length) {
      x.push(right);
      y.push(y[y.length - 1]);
    }
    return { type: "scatter", mode: "lines", x, y, hoverinfo: "skip", showlegend: false,
      line: { color, width: 1.5, shape: "hv" } };
  }

  // Names the systems of the front where there is room: no name covers another, or a mark.
  function nameFront(front, drawn, color) {
    const { xaxis, yaxis, _size: size } = chart._fullLayout;
    const at = (s) => ({ x: xaxis.l2p(Math.log10(s.energies[chosen.phase][0])),
      y: yaxis.l2p(s.scores[chosen.metric][0]) });
    const taken = drawn.map(at).map(({ x, y }) => [x - 4, y - 4, x + 4, y + 4]);
    const clear = (box) => box[0] > 0 && box[2] < size.w && box[1] > 0 && box[3] < size.h
      && taken.every((other) => box[2] < other[0] || other[2] < box[0] || box[3] < other[1] || other[3] < box[1]);
    const found = [];
    for (const system of [...front].reverse()) {
      const text = short(system.cells[0][0], size.w > 700 ? 36 : 22);
      const width = 6.8 * text.length;
      const { x, y } = at(system);
      const places = [[-8, -10, "right"], [8, 12, "left"], [-8, -24, "right"], [8, -10, "left"], [8, 26, "left"], [-8, 12, "right"]];
      for (const [dx, dy, align] of places) {
        const left = align === "right" ? x + dx - width : x + dx;
        const box = [left, y + dy - 7, left + width, y + dy + 7];
        if (!clear(box)) continue;
        taken.push(box);
        found.push({ x: Math.log10(system.energies[chosen.phase][0]), y: system.scores[chosen.metric][0],
          xshift: dx, yshift: -dy, xanchor: align, yanchor: "middle", showarrow: false,
          text: plain(text), font: { size: 11.5, color } });
        break;
      }
    }
    return found;
  }

  // Labels of caps that would cover each other stand above each other.
  function raised(labels) {
    const { xaxis } = chart._fullLayout;
    let end = -Infinity, height = 0;
    return [...labels].sort((a, b) => a.x - b.x).map((label) => {
      const middle = xaxis.l2p(label.x), half = 3.3 * label.text.length;
      height = middle - half < end ? height + 14 : 0;
      end = Math.max(end, middle + half);
      return { ...label, yshift: height };
    });
  }

  function draw() {
    if (!chart || !window.Plotly) return;
    const empty = data.empty[key()] || "";
    byId("empty").textContent = empty;
    byId("empty").hidden = !empty;
    chart.hidden = Boolean(empty);
    if (empty) {
      byId("still")?.remove();
      return;
    }
    const c = colors();
    const metric = data.metrics[chosen.metric];
    const drawn = data.systems.filter((s) => s.cohorts.includes(chosen.cohort)
      && s.energies[chosen.phase] && s.scores[chosen.metric]);
    const front = (data.fronts[key()] || []).map((i) => data.systems[i])
      .filter((s) => s.energies[chosen.phase]);
    const isMember = new Set(front);
    const team = byId("team").value;
    const asked = (s) => !team || s.team === team;
    const rest = drawn.filter((s) => !isMember.has(s) && !s.isBaseline);
    const few = drawn.length <= MANY;
    const values = drawn.flatMap((s) => s.energies[chosen.phase].slice(0, 3)).filter((v) => v);
    const low = values.reduce((a, b) => Math.min(a, b), Infinity);
    const high = values.reduce((a, b) => Math.max(a, b), 0);
    const kinds = [
      ["other", rest.filter((s) => !s.hasError), c.other, { symbol: "circle", ...(few ? {} : { size: 4 }) }, few],
      ["with an error found", rest.filter((s) => s.hasError), c.doubt, { symbol: "x", ...(few ? {} : { size: 5 }) }, few],
      ["baseline", drawn.filter((s) => s.isBaseline && !isMember.has(s)), c.ink,
        { symbol: "diamond", size: 10 }, true],
      ["on the front", front, c.front, { size: 10, line: { color: c.surface, width: 1.5 },
        symbol: front.map((s) => (s.hasError ? "x" : s.isBaseline ? "diamond" : "circle")) }, true],
    ];
    const traces = kinds.filter(([, systems]) => systems.length).map(([name, systems, color, mark, arm]) => {
      const plainly = few || arm ? 0.95 : 0.45;
      const opacity = team ? systems.map((s) => (asked(s) ? 1 : 0.12)) : plainly;
      return { ...marks(systems, name, color, { ...mark, opacity }, arm && !team), showlegend: false };
    });
    // Marks differ within a group and may be faint: the key shows the plain one.
    const legend = kinds.filter(([, systems]) => systems.length).map(([name, , color, { symbol, size }]) => ({
      type: "scatter", mode: "markers", name, x: [null], y: [null], hoverinfo: "skip",
      marker: { color, size: size || 8, symbol: Array.isArray(symbol) ? "circle" : symbol } }));
    traces.unshift(stepOf(front, high * 1.3, c.front));
    traces.push(...legend);
    const caps = data.caps[key()] || [];
    const axis = { gridcolor: c.line, linecolor: c.line, zeroline: false, ticks: "", automargin: true };
    const layout = {
      font: { family: "system-ui, -apple-system, 'Segoe UI', Roboto, Arial, sans-serif", size: 13, color: c.ink },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      margin: { l: 56, r: 16, t: 44, b: 52 }, hovermode: "closest", dragmode: "pan",
      hoverlabel: { bgcolor: c.surface, bordercolor: c.line, font: { color: c.ink, size: 12.5 }, align: "left" },
      xaxis: { ...axis, type: "log", title: { standoff: 8, font: { size: 13 }, text: `${plain(data.phases[chosen.phase])} energy ${
        plain(short(data.machines[chosen.phase], 51))} [kWh]` }, dtick: high / low > 30 ? 1 : undefined,
        range: values.length ? [Math.log10(low / 1.3), Math.log10(high * 1.3)] : [0, 1], tickformat: "~g" },
      yaxis: { ...axis, title: { standoff: 8, font: { size: 13 }, text: plain(short(metric.name, 40)) },
        autorange: metric.isHighBetter ? true : "reversed" },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: c.soft, activecolor: c.ink },
      legend: { orientation: "h", x: 0, y: -0.13, yanchor: "top", font: { size: 12.5 } },
      shapes: caps.map(([, x]) => ({ type: "line", x0: x, x1: x, yref: "paper", y0: 0, y1: 1,
        line: { color: c.cap, width: 1, dash: "dot" } })),
      annotations: caps.map(([name, x]) => ({ x: Math.log10(x), y: 1, yref: "paper", yanchor: "bottom",
        showarrow: false, text: `${plain(name)}: ${figure(x)}`, font: { size: 11.5, color: c.soft } })),
    };
    const config = { displaylogo: false, responsive: true, scrollZoom: false,
      // Named one by one: none that leads to another site gets in.
      modeBarButtons: [["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]] };
    const relabel = () => {
      const caption = raised(layout.annotations);
      const named = nameFront(front, drawn, c.ink);
      return window.Plotly.relayout(chart, { annotations: [...caption, ...named] });
    };
    const scale = () => {
      const { width, height } = chart._fullLayout;
      chart.style.setProperty("--ratio", width / height);
      // On paper the drawing has another width; with its box it scales as a whole.
      for (const svg of chart.querySelectorAll(".main-svg")) svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    };
    window.Plotly.react(chart, traces, layout, config).then(relabel).then(() => {
      scale();
      chart.relabel = relabel;
      if (ready) return;
      chart.on("plotly_relayout", (changed) => {
        if (!("annotations" in changed)) chart.relabel().then(scale);
      });
      ready = true;
      byId("still")?.remove();
      chart.dataset.ready = "yes";
    });
  }

  function start() {
    if (chart && window.Plotly) {
      byId("team").addEventListener("change", draw);
      for (const media of ["(prefers-color-scheme: dark)", "print"]) {
        matchMedia(media).addEventListener("change", draw);
      }
    }
    document.documentElement.classList.add("live");
    choose();
  }

  start();
})();
