"use strict";
// The state of the page is its address: everything that is shown can be linked to, and Back goes back.
(function (writ) {
  const TEXTS = ["filter", "sort", "key", "with", "pane"];
  const FLAGS = ["task", "follow", "unfolded"];
  const NUMBERS = ["line", "m"];

  function read() {
    const [path, query] = location.hash.replace(/^#/, "").split(/\?(.*)/s);
    const given = new URLSearchParams(query || "");
    const state = { view: path === "/row" ? "row" : "list" };
    for (const name of TEXTS) state[name] = given.get(name) || "";
    for (const name of FLAGS) state[name] = given.get(name) === "1";
    for (const name of NUMBERS) {
      state[name] = /^\d{1,9}$/.test(given.get(name) || "") ? Number(given.get(name)) : null;
    }
    if (state.view === "row" && !state.key) state.view = "list";
    return state;
  }

  function write(state) {
    const query = new URLSearchParams();
    for (const name of TEXTS) if (state[name]) query.set(name, state[name]);
    for (const name of FLAGS) if (state[name]) query.set(name, "1");
    for (const name of NUMBERS) if (state[name] !== null && state[name] !== undefined) query.set(name, state[name]);
    const said = query.toString();
    return `#/${state.view === "row" ? "row" : ""}${said ? "?" + said : ""}`;
  }

  /** The address of the present state with some changes. */
  function to(changes) {
    return write({ ...read(), ...changes });
  }

  /** Go there; with `replace` without a step in the history, for what changes with every key. */
  function go(changes, replace) {
    const address = to(changes);
    if (address === location.hash) return;
    if (replace) {
      history.replaceState(null, "", address);
      writ.render();
    } else {
      location.hash = address;
    }
  }

  /** The address of a row of the list that is shown. */
  function toRow(key, changes) {
    return to({ view: "row", key, with: "", m: null, ...changes });
  }

  writ.route = { read, to, go, toRow };
})(globalThis.writ);
