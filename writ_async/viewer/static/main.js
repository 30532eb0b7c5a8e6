"use strict";
// Puts it together: draws what the address says, hears keys, follows runs that grow.
(function (writ) {
  const { h, fill, plural } = writ;
  const EVERY = 1500;
  const main = document.getElementById("main");
  let following = null;

  writ.render = function () {
    const state = writ.route.read();
    document.body.dataset.view = state.view;
    document.title = (state.view === "row" ? state.key + " · " : "") + "writ view";
    follow(state.follow);
    return state.view === "row" ? writ.row.show(state, main) : writ.list.show(state, main);
  };

  /** Ask what is new, and draw again where something is. */
  writ.refresh = async function () {
    const shown = (state) => JSON.stringify([state?.version, state?.notices]);
    const before = shown(writ.state);
    writ.state = await writ.backend.state();
    if (before !== shown(writ.state)) {
      writ.row.forget();
      describe();
      await writ.render();
    }
  };

  function describe() {
    const { sources, rows } = writ.state;
    const names = sources.map((source) => source.name);
    const said = names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
    const open = fill(document.getElementById("open"), said, h("span", { class: "dim" }, ` ${plural(rows, "row")}`));
    open.title = sources.map((source) => source.path).join("\n");
  }

  function follow(on) {
    const button = document.getElementById("follow");
    button.hidden = !writ.backend.canWrite;
    button.setAttribute("aria-pressed", String(on));
    if (on && following === null) {
      following = setInterval(() => writ.refresh().catch((problem) => writ.toast(problem.message)), EVERY);
    } else if (!on && following !== null) {
      clearInterval(following);
      following = null;
    }
  }

  function toggleFollow() {
    if (!writ.backend.canWrite) return writ.toast("Files do not grow; `writ view` without --static follows a run.");
    const on = !writ.route.read().follow;
    writ.route.go({ follow: on }, true);
    writ.toast(on ? "Following: new rows come as they end." : "No longer following.");
  }

  function note() {
    const shown = writ.route.read().view === "row" ? writ.row.current() : null;
    if (!writ.backend.canWrite) return writ.toast("Notes need the server: `writ view` without --static.");
    if (shown) return writ.dialogs.note(shown);
    const line = writ.list.current();
    if (line && line.key !== undefined) writ.backend.conversation(line.key).then(writ.dialogs.note, (problem) => writ.toast(problem.message));
  }

  const pane = (name) => () => writ.route.go({ pane: name, with: "" }, true);
  const back = () => writ.route.go({ view: "list", key: "", with: "", m: null, pane: "" });
  const IN_LIST = {
    j: () => writ.list.move(1), k: () => writ.list.move(-1), Enter: () => writ.list.open(),
    g: () => writ.route.go({ task: !writ.route.read().task, line: null }),
  };
  const IN_ROW = {
    j: () => writ.row.move(1), k: () => writ.row.move(-1), J: () => writ.row.step(1), K: () => writ.row.step(-1),
    0: () => writ.route.go({ m: null }, true), p: () => writ.row.play(), t: () => writ.row.nextTrial(), s: () => writ.row.toggleBeside(),
    x: () => writ.route.go({ unfolded: !writ.route.read().unfolded }, true),
    v: pane("verdict"), e: pane("evidence"), d: pane("state"), m: pane("tokens"), i: pane("task"), Escape: back,
  };
  const ANYWHERE = {
    "?": () => writ.dialogs.keys(), f: toggleFollow, n: note,
    "/": async () => {
      if (writ.route.read().view === "row") {
        back();
        await new Promise((resolve) => addEventListener("hashchange", () => setTimeout(resolve, 60), { once: true }));
      }
      writ.list.focusFilter();
    },
  };

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.matches("input, textarea, select")) {
      if (event.key === "Escape" || (event.key === "Enter" && event.target.id === "filter")) event.target.blur();
      return;
    }
    if (event.key === "Enter" && event.target.matches("a, button, summary")) return;
    const own = writ.route.read().view === "row" ? IN_ROW : IN_LIST;
    const action = Object.hasOwn(own, event.key) ? own[event.key] : Object.hasOwn(ANYWHERE, event.key) ? ANYWHERE[event.key] : null;
    if (action) {
      event.preventDefault();
      action();
    }
  });

  document.getElementById("follow").addEventListener("click", toggleFollow);
  document.getElementById("keys").addEventListener("click", () => writ.dialogs.keys());
  document.getElementById("skip").addEventListener("click", (event) => (event.preventDefault(), main.focus()));
  addEventListener("hashchange", () => writ.render());

  writ.backend.state().then((state) => {
    writ.state = state;
    describe();
    return writ.render();
  }).catch((problem) => fill(main, h("div", { class: "problem" }, h("h1", {}, "Nothing can be shown"), h("p", {}, problem.message))));
})(globalThis.writ);
