"use strict";
// One row: its conversation with the pane beside it, or beside another row.
(function (writ) {
  const { h, fill, number } = writ;
  const NARROW = matchMedia("(max-width: 900px)");
  const known = new Map();
  const row = { shown: null, other: null, player: null };

  async function conversation(key) {
    const name = `${writ.state.version} ${key}`;
    if (!known.has(name)) {
      if (known.size > 40) known.clear();
      known.set(name, writ.backend.conversation(key).catch((problem) => (known.delete(name), Promise.reject(problem))));
    }
    return known.get(name);
  }

  async function show(state, main) {
    const asked = (row.asked = state.key + "\n" + state.with);
    let shown, other;
    try {
      [shown, other] = await Promise.all([conversation(state.key), state.with ? conversation(state.with) : null]);
    } catch (problem) {
      fill(main, h("div", { class: "problem" }, h("h1", {}, "This row cannot be shown"), h("p", {}, problem.message),
        h("p", {}, h("a", { href: writ.route.to({ view: "list", key: "", with: "" }) }, "Back to the list"))));
      return;
    }
    if (asked !== row.asked || writ.route.read().view !== "row") return;
    const stayed = row.shown && row.shown.listed.key === shown.listed.key && main.contains(row.view);
    const top = stayed ? main.scrollTop : 0;
    Object.assign(row, { shown, other });
    row.view = other ? beside(shown, other, state) : alone(shown, state);
    fill(main, row.view);
    main.scrollTop = top;
    if (state.m !== null) reveal(state.m, Boolean(other));
    else if (!stayed) main.focus({ preventScroll: true });
  }

  function reveal(index, paired) {
    const place = row.view.querySelector(paired ? `[data-pair="${index}"]` : `[data-message="${index}"]`);
    place?.scrollIntoView({ block: "nearest" });
  }

  function head(shown, state) {
    const { listed, trials } = shown;
    const fields = listed.fields;
    const verdict = writ.list.verdictOf(fields);
    const button = (title, key, action, extra) => h("button", { type: "button", onclick: action, ...extra }, title,
      h("kbd", { "aria-hidden": "true" }, key));
    return h("header", { class: "row-head" },
      h("p", { class: "back" }, h("a", { href: writ.route.to({ view: "list", key: "", with: "", m: null, pane: "" }) }, "← Rows")),
      h("h1", {}, fields.id),
      h("p", { class: "badges" }, h("span", { class: `verdict ${verdict.class}` }, verdict.text),
        h("span", {}, `reward ${number(fields.reward)}`), fields.level ? h("span", {}, fields.level) : null,
        h("span", {}, [fields.domain, fields.kind].filter(Boolean).join(" · ")),
        fields.tag.map((tag) => h("span", { class: "tag" }, tag))),
      shown.note && shown.note.comment ? h("p", { class: "comment" }, shown.note.comment) : null,
      h("div", { class: "actions" },
        trials.length > 1 ? trialPicker(shown, state) : null,
        trials.length > 1 ? button(state.with ? "Alone" : "Side by side", "s", toggleBeside, { "aria-pressed": String(Boolean(state.with)) }) : null,
        button("Previous", "K", () => step(-1)), button("Next", "J", () => step(1)),
        button(row.player ? "Pause" : "Play", "p", play),
        button(state.unfolded ? "Fold calls" : "Unfold calls", "x", () => writ.route.go({ unfolded: !writ.route.read().unfolded }, true)),
        writ.backend.canWrite ? button("Note", "n", () => writ.dialogs.note(shown)) : null));
  }

  function trialPicker({ listed, trials }, state) {
    const chosen = state.with || listed.key;
    const runs = new Set(trials.map((one) => one.fields.run)).size > 1;
    return h("span", { class: "trials" }, h("label", { for: "trial" }, state.with ? "Beside" : "Trial"),
      h("select", { id: "trial", onchange: (event) => writ.route.go(state.with ? { with: event.target.value } : { key: event.target.value, m: null }) },
        trials.filter((one) => !state.with || one.key !== listed.key).map((one) => h("option", { value: one.key, selected: one.key === chosen },
          `${runs ? one.fields.run + " " : ""}#${one.fields.trial ?? 0} · ${writ.list.verdictOf(one.fields).text}`))));
  }

  function alone(shown, state) {
    const pane = writ.panes.PANES.some(([name]) => name === state.pane) ? state.pane : "verdict";
    const content = pane === "tokens" ? writ.tokens.pane(shown) : writ.panes[pane](shown, state.m);
    return h("article", { class: "row" + (state.pane ? " with-pane" : "") }, head(shown, state),
      h("div", { class: "tabs", role: "tablist", "aria-label": "About this row" },
        h("button", { type: "button", class: "only-narrow", role: "tab", id: "tab-talk", "aria-selected": String(!state.pane),
          "aria-controls": "talk", onclick: () => writ.route.go({ pane: "" }, true) }, "Talk"),
        writ.panes.PANES.map(([name, title]) => h("button", {
          type: "button", role: "tab", id: `tab-${name}`, "aria-selected": String(name === pane && !(NARROW.matches && !state.pane)),
          "aria-controls": "pane", onclick: () => writ.route.go({ pane: name }, true) }, title))),
      h("section", { class: "conversation", id: "talk", "aria-label": "Conversation", tabindex: "0" },
        writ.talk.talk(shown.page, { at: state.m, unfolded: state.unfolded })),
      h("aside", { class: "pane", id: "pane", role: "tabpanel", "aria-labelledby": `tab-${pane}`, tabindex: "0" },
        state.m === null ? null : h("p", { class: "as-of" }, `As of message ${state.m}. `,
          h("a", { href: writ.route.to({ m: null }) }, "Show the whole")),
        content));
  }

  function beside(shown, other, state) {
    return h("article", { class: "row two" }, head(shown, state), writ.compare.view(shown, other, state));
  }

  // Stepping: messages here, or pairs of them.
  function places() {
    if (!row.other) return row.shown.page.messages.map((message) => message.index);
    const most = Math.max(row.shown.page.messages.length, row.other.page.messages.length);
    return Array.from({ length: most }, (_, index) => index);
  }

  function move(by) {
    if (!row.shown) return false;
    const all = places();
    const now = writ.route.read().m;
    const first = row.other ? writ.compare.alike(row.shown.page.messages, row.other.page.messages) : 0;
    const at = now === null ? (by > 0 ? Math.min(first, all.length - 1) : all.length - 1) : all.indexOf(now) + by;
    if (at < 0 || at >= all.length) return false;
    writ.route.go({ m: all[at] }, true);
    return true;
  }

  function play() {
    if (row.player) {
      clearInterval(row.player);
      row.player = null;
    } else {
      row.player = setInterval(() => (writ.route.read().view === "row" && move(1)) || (row.player && play()), 900);
      move(1);
    }
    writ.render();
  }

  async function step(by) {
    const state = writ.route.read();
    const query = writ.list.queryOf(state);
    try {
      let line = await writ.backend.line(query, state.key);
      for (;;) {
        line = line < 0 ? 0 : line + by;
        if (line < 0) return writ.toast("This is the first row of the list.");
        const { lines } = await writ.backend.rows(query, line, 1);
        if (!lines.length) return writ.toast("This is the last row of the list.");
        if (lines[0].key !== undefined) return writ.route.go({ key: lines[0].key, with: "", m: null, line });
      }
    } catch (problem) {
      writ.toast(problem.message);
    }
  }

  function nextTrial() {
    if (!row.shown) return;
    const keys = row.shown.trials.map((one) => one.key);
    const state = writ.route.read();
    const turn = (key, left) => {
      for (let n = 1; n <= keys.length; n += 1) {
        const found = keys[(keys.indexOf(key) + n) % keys.length];
        if (found !== left) return found;
      }
      return "";
    };
    if (keys.length < 2) return writ.toast("This task has one trial.");
    writ.route.go(state.with ? { with: turn(state.with, state.key) } : { key: turn(state.key, ""), m: null });
  }

  function toggleBeside() {
    if (!row.shown) return;
    const state = writ.route.read();
    const others = row.shown.trials.filter((one) => one.key !== state.key);
    if (!state.with && !others.length) return writ.toast("There is no other trial of this task.");
    const after = row.shown.trials.findIndex((one) => one.key === state.key) + 1;
    writ.route.go({ with: state.with ? "" : (row.shown.trials[after] || others[0]).key, m: null });
  }

  NARROW.addEventListener("change", () => writ.state && writ.render());

  writ.row = {
    show, move, step, play, nextTrial, toggleBeside,
    current: () => row.shown,
    forget: () => known.clear(),
  };
})(globalThis.writ);
