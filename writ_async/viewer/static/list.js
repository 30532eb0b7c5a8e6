"use strict";
// The list: a filter, chips, and a table of which only the lines in view are there.
(function (writ) {
  const { h, fill, number, plural } = writ;
  const PAGE = 100;
  const BEYOND = 8;
  const COLUMNS = [
    { field: "id", title: "Row" },
    { field: "domain", title: "Domain, kind" },
    { field: "level", title: "Level" },
    { field: "reward", title: "Reward", right: true },
    { field: "kept", title: "Verdict" },
    { field: "reason", title: "Found" },
    { field: "turns", title: "Turns", right: true },
    { field: "tag", title: "Note" },
  ];

  const list = { pages: new Map(), query: null, total: 0, found: 0, rows: 0, version: -1, parts: null, asked: 0 };

  function queryOf(state) {
    return { filter: state.filter, sort: state.sort, task: state.task };
  }

  async function show(state, main) {
    if (!list.parts || !main.contains(list.parts.view)) build(main, state);
    const { input, chips, sort, group } = list.parts;
    if (document.activeElement !== input) input.value = state.filter;
    sort.value = state.sort.replace(/^-/, "");
    list.parts.down.setAttribute("aria-pressed", String(state.sort.startsWith("-")));
    list.parts.down.disabled = !state.sort;
    group.setAttribute("aria-pressed", String(state.task));
    fill(chips, chipsOf(state));
    fill(list.parts.notices, writ.state.notices.map((notice) => h("li", {}, notice)));
    markSort(state);
    const query = queryOf(state);
    const name = JSON.stringify(query);
    if (name !== list.query || list.version !== writ.state.version) {
      const before = list.query;
      list.query = name;
      list.version = writ.state.version;
      if (!(await restart(query))) return;
      if (before !== null && before !== name) list.parts.scroller.scrollTop = 0;
    }
    paint();
    select(state);
  }

  function build(main, state) {
    const parts = {
      input: h("input", {
        type: "search", id: "filter", autocomplete: "off", spellcheck: "false", autocapitalize: "off",
        placeholder: 'reward < 1 and messages ~ "sorry"', "aria-describedby": "found", oninput: typed,
      }),
      found: h("p", { id: "found", class: "found", role: "status", "aria-live": "polite" }),
      notices: h("ul", { class: "notices", "aria-label": "Of what is open" }),
      chips: h("div", { class: "chips", role: "group", "aria-label": "Common filters" }),
      sort: h("select", { id: "sort", onchange: (event) => writ.route.go({ sort: event.target.value, line: null }) }),
      down: h("button", { type: "button", class: "quiet", onclick: turnSort, title: "From the largest down" }, "↓",
        h("span", { class: "unseen" }, " from the largest down")),
      group: h("button", { type: "button", onclick: () => writ.route.go({ task: !writ.route.read().task, line: null }) },
        "Group by task"),
      head: h("div", { class: "line head", role: "row" }),
      body: h("div", { class: "lines", role: "presentation" }),
    };
    fill(parts.sort, h("option", { value: "" }, "as in the files"),
      writ.state.sortable.map((field) => h("option", { value: field }, field)));
    fill(parts.head, COLUMNS.map(({ field, title, right }) =>
      h("div", { role: "columnheader", class: right ? "right" : null, "data-field": field },
        h("button", { type: "button", class: "plain", onclick: () => sortBy(field) }, title))));
    parts.scroller = h("div", { class: "scroller", role: "rowgroup", onscroll: paint }, parts.body);
    parts.table = h("div", { class: "table", role: "table", "aria-label": "Rows" },
      h("div", { role: "rowgroup", class: "heads" }, parts.head), parts.scroller);
    parts.view = h("div", { class: "list" },
      h("h1", { class: "unseen" }, "Rows"),
      h("search", { class: "ask" },
        parts.notices,
        h("div", { class: "filter" },
          h("label", { for: "filter" }, "Filter"), parts.input,
          h("button", { type: "button", class: "quiet", onclick: () => writ.dialogs.fields() }, "Fields")),
        parts.found, parts.chips,
        h("div", { class: "order" },
          h("label", { for: "sort" }, "Sort by"), parts.sort, parts.down, parts.group)),
      parts.table);
    list.parts = parts;
    list.query = null;
    parts.input.value = state.filter;
    fill(main, parts.view);
    if (!list.watched) {
      list.watched = true;
      addEventListener("resize", () => main.contains(list.parts.view) && paint());
    }
  }

  function typed() {
    clearTimeout(list.timer);
    list.timer = setTimeout(() => writ.route.go({ filter: list.parts.input.value, line: null }, true), 40);
  }

  function sortBy(field) {
    const now = writ.route.read().sort;
    writ.route.go({ sort: now === field ? "-" + field : now === "-" + field ? "" : field, line: null });
  }

  function turnSort() {
    const now = writ.route.read().sort;
    writ.route.go({ sort: now.startsWith("-") ? now.slice(1) : "-" + now, line: null });
  }

  function markSort(state) {
    for (const cell of list.parts.head.children) {
      const field = state.sort.replace(/^-/, "");
      if (cell.dataset.field !== field) cell.removeAttribute("aria-sort");
      else cell.setAttribute("aria-sort", state.sort.startsWith("-") ? "descending" : "ascending");
    }
  }

  // Chips: each stands for a part of the filter and is put to it, or taken away again.
  function chipsOf(state) {
    const { facets } = writ.state;
    const several = (field) => (facets[field] || []).length > 1;
    const values = (field) => (facets[field] || []).map(([value, rows]) => [value, `${field} == ${writ.filter.quoted(value)}`, rows]);
    const verdicts = facets.kept.length ? [["kept", "kept", "true"], ["rejected", "kept == false", "false"]]
      : [["clean", "strict", "true"], ["findings", "strict == false", "false"]];
    const rowsWith = new Map(facets.kept.length ? facets.kept : facets.strict);
    const chips = [
      ...verdicts.filter(([, , flag]) => rowsWith.has(flag)).map(([title, part, flag]) => [title, part, rowsWith.get(flag)]),
      ["reward below 1", "reward < 1"],
      ["reward 1, but not strict", "reward == 1 and strict == false"],
      ...(several("run") ? values("run") : []),
      ...(several("domain") ? values("domain") : []),
      ...(several("kind") ? values("kind") : []),
      ...values("reason"),
      ...values("tag").map(([value, part, rows]) => ["#" + value, part, rows]),
    ];
    return chips.map(([title, part, rows]) => {
      const on = has(state.filter, part);
      return h("button", {
        type: "button", class: "chip", "aria-pressed": String(on),
        onclick: () => writ.route.go({ filter: on ? without(state.filter, part) : joined(state.filter, part), line: null }),
      }, title, rows === undefined ? null : h("span", { class: "count" }, number(rows)));
    });
  }

  // What a chip asks for is in the filter where the filter has all of its parts beside its own.
  function partsOf(filter) {
    try {
      return writ.filter.parts(writ.filter.parse(filter, writ.state.fields));
    } catch {
      return null;
    }
  }

  const saying = (parts) => new Set(parts.map(writ.filter.say));

  function has(filter, part) {
    const now = saying(partsOf(filter) || []);
    return [...saying(partsOf(part))].every((one) => now.has(one));
  }

  function joined(filter, part) {
    const now = partsOf(filter);
    if (now === null || now.length === 0) return part;
    return now.length === 1 && now[0].either ? `(${filter.trim()}) and ${part}` : `${filter.trim()} and ${part}`;
  }

  function without(filter, part) {
    const gone = saying(partsOf(part));
    const left = partsOf(filter).filter((one) => !gone.has(writ.filter.say(one)));
    return left.length === 1 ? writ.filter.say(left[0]) : writ.filter.say({ all: left });
  }

  async function restart(query) {
    const asked = ++list.asked;
    try {
      const page = await writ.backend.rows(query, 0, PAGE);
      if (asked !== list.asked) return false;
      list.pages = new Map([[0, page.lines]]);
      Object.assign(list, { total: page.total, found: page.found, rows: page.rows });
      list.parts.found.classList.remove("wrong");
      list.parts.input.removeAttribute("aria-invalid");
      list.parts.found.textContent = page.found === page.rows
        ? plural(page.rows, "row") : `${number(page.found)} of ${plural(page.rows, "row")}`;
      return true;
    } catch (problem) {
      if (asked === list.asked) {
        list.parts.found.textContent = writ.visible(problem.message);
        list.parts.found.classList.add("wrong");
        list.parts.input.setAttribute("aria-invalid", "true");
      }
      return false;
    }
  }

  async function fetchPage(page) {
    if (list.pages.has(page)) return;
    list.pages.set(page, null);
    const asked = list.asked;
    try {
      const { lines } = await writ.backend.rows(JSON.parse(list.query), page * PAGE, PAGE);
      if (asked !== list.asked) return;
      list.pages.set(page, lines);
      paint();
    } catch (problem) {
      list.pages.delete(page);
      writ.toast(problem.message);
    }
  }

  function lineAt(index) {
    return (list.pages.get(Math.floor(index / PAGE)) || [])[index % PAGE];
  }

  function height() {
    return parseFloat(getComputedStyle(list.parts.view).getPropertyValue("--line-height-px")) || 44;
  }

  function paint() {
    const { scroller, body, table } = list.parts;
    const each = height();
    const first = Math.max(0, Math.floor(scroller.scrollTop / each) - BEYOND);
    const last = Math.min(list.total, Math.ceil((scroller.scrollTop + scroller.clientHeight) / each) + BEYOND);
    for (let page = Math.floor(first / PAGE); page <= Math.floor(Math.max(last - 1, 0) / PAGE); page += 1) fetchPage(page);
    const state = writ.route.read();
    table.setAttribute("aria-rowcount", list.total + 1);
    body.style.height = `${list.total * each}px`;
    const focused = body.contains(document.activeElement) ? document.activeElement.closest("[data-line]") : null;
    const kept = focused ? focused.dataset.line : null;
    const lines = [];
    for (let index = first; index < last; index += 1) lines.push(drawn(lineAt(index), index, each, state));
    fill(body, lines, list.total ? null : h("p", { class: "nothing" }, list.rows ? "No row passes this filter." : "There is no row yet."));
    if (kept !== null) body.querySelector(`[data-line="${kept}"] a`)?.focus({ preventScroll: true });
  }

  function drawn(line, index, each, state) {
    const current = state.line === index;
    const properties = {
      class: "line" + (current ? " current" : ""), role: "row", "aria-rowindex": index + 2,
      "aria-current": current ? "true" : null, "data-line": index,
    };
    const element = !line
      ? h("div", { ...properties, class: "line waiting" }, h("div", { role: "cell" }, "…"))
      : line.key === undefined
        ? h("div", { ...properties, class: properties.class + " group" }, h("div", { role: "cell" },
          h("b", {}, line.task), " ", h("span", { class: "dim" },
            `${plural(line.rows, "row")}, ${line.solved} of ${line.rewarded} with reward 1`)))
        : row(line, properties, state, index);
    element.style.top = `${index * each}px`;
    return element;
  }

  function row({ key, fields }, properties, state, index) {
    const verdict = verdictOf(fields);
    return h("div", { ...properties, onclick: (event) => event.target.closest("a") || open(index) },
      h("div", { role: "cell", class: "name" },
        h("a", { href: writ.route.toRow(key, { line: index }) }, fields.id),
        writ.state.sources.length > 1 ? h("span", { class: "dim" }, " " + fields.run) : null),
      h("div", { role: "cell", class: "of" }, [fields.domain, fields.kind].filter(Boolean).join(" · ")),
      h("div", { role: "cell", class: "level" }, fields.level || "–"),
      h("div", { role: "cell", class: "right reward" }, number(fields.reward)),
      h("div", { role: "cell" }, h("span", { class: `verdict ${verdict.class}` }, verdict.text)),
      h("div", { role: "cell", class: "reasons" + (fields.reason.length ? "" : " none") }, fields.reason.length ? fields.reason.join(", ") : "–"),
      h("div", { role: "cell", class: "right turns" }, number(fields.turns)),
      h("div", { role: "cell", class: "tags" }, fields.tag.map((tag) => h("span", { class: "tag" }, tag))));
  }

  function verdictOf(fields) {
    if (fields.kept === true) return { text: "kept", class: "good" };
    if (fields.kept === false) return { text: "rejected", class: "bad" };
    if (fields.strict === true) return { text: "clean", class: "good" };
    if (fields.strict === false) return { text: "findings", class: "bad" };
    return { text: "not judged", class: "" };
  }

  function open(index) {
    const line = lineAt(index);
    if (line && line.key !== undefined) location.hash = writ.route.toRow(line.key, { line: index });
  }

  /** Move the mark by some lines, over heads of groups. */
  function move(by) {
    const now = writ.route.read().line;
    let index = now === null ? (by > 0 ? 0 : list.total - 1) : now + by;
    while (lineAt(index) && lineAt(index).key === undefined && index + Math.sign(by) >= 0) index += Math.sign(by);
    index = Math.max(0, Math.min(list.total - 1, index));
    if (list.total) writ.route.go({ line: index }, true);
  }

  function select(state) {
    if (state.line === null) return;
    const { scroller, body } = list.parts;
    const each = height();
    const top = state.line * each;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top + each > scroller.scrollTop + scroller.clientHeight) {
      scroller.scrollTop = top + each - scroller.clientHeight;
    }
    paint();
    if (document.activeElement !== list.parts.input) {
      body.querySelector(`[data-line="${state.line}"] a`)?.focus({ preventScroll: true });
    }
  }

  function current() {
    const { line } = writ.route.read();
    return line === null ? null : lineAt(line);
  }

  function forget() {
    list.query = null;
  }

  writ.list = {
    show, move, forget, current, queryOf, verdictOf,
    open: () => open(writ.route.read().line ?? 0),
    focusFilter: () => (list.parts.input.focus(), list.parts.input.select()),
  };
})(globalThis.writ);
