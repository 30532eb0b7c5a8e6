"use strict";
// What is laid over the page: the keys, the fields of the filter, a note.
(function (writ) {
  const { h } = writ;
  const KEYS = [
    ["In a list", [
      ["j  k", "next, previous row"], ["Enter", "open it"], ["/", "filter"], ["g", "group by task"],
      ["f", "follow a run that grows"], ["n", "note on the row"],
    ]],
    ["In a conversation", [
      ["j  k", "step: next, previous message"], ["p", "play, pause"], ["0", "the whole again"], ["J  K", "next, previous row of the list"],
      ["t", "next trial of the task"], ["s", "side by side with another trial"], ["x", "unfold, fold all calls"],
      ["v  e  d  m  i", "verdict, evidence, state diff, masked tokens, task"], ["n", "note"], ["Esc", "back to the list"],
    ]],
    ["Anywhere", [["?", "these keys"]]],
  ];

  function open(title, ...content) {
    document.querySelector("dialog")?.remove();
    const dialog = h("dialog", { "aria-labelledby": "dialog-title", onclose: () => dialog.remove(),
      onclick: (event) => event.target === dialog && dialog.close() },
      h("div", { class: "inside" },
        h("header", {}, h("h2", { id: "dialog-title" }, title),
          h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "Close")), content));
    document.body.append(dialog);
    dialog.showModal();
    return dialog;
  }

  function keys() {
    open("Keys", KEYS.map(([where, all]) => [h("h3", {}, where),
      h("dl", { class: "keys" }, all.map(([key, what]) => [
        h("dt", {}, key.split("  ").map((one) => h("kbd", {}, one))), h("dd", {}, what)]))]));
  }

  function fields() {
    open("Filter",
      h("p", {}, h("code", {}, 'kind == refusal and (reward < 1 or not strict) and messages ~ "sorry"')),
      h("p", {}, "== != < <= > >= compare, ~ looks for a part. A field alone asks whether it has a value."),
      h("dl", { class: "fields" }, Object.entries(writ.state.fields).map(([name, field]) => [
        h("dt", {}, h("code", {}, name)), h("dd", {}, field.about)])));
  }

  function note({ listed, note: now }) {
    const tags = h("input", { id: "note-tags", autocomplete: "off", spellcheck: "false", value: now ? (now.tags || []).join(" ") : null });
    const comment = h("textarea", { id: "note-comment", rows: 4 });
    comment.value = (now && now.comment) || "";
    const problem = h("p", { class: "finding error", role: "alert", hidden: true });
    const save = async () => {
      try {
        await writ.backend.note(writ.state.token, { key: listed.key, tags: tags.value.split(/[\s,]+/).filter(Boolean), comment: comment.value });
        dialog.close();
        writ.toast("The note is kept beside the run.");
        await writ.refresh();
      } catch (refused) {
        problem.textContent = writ.visible(refused.message);
        problem.hidden = false;
      }
    };
    const dialog = open(`Note on ${listed.fields.id}`,
      h("div", { class: "note", onkeydown: (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey || event.target === tags) && (event.preventDefault(), save()) },
        h("label", { for: "note-tags" }, "Tags"), tags,
        h("label", { for: "note-comment" }, "Comment"), comment, problem,
        h("p", { class: "dim" }, "Rows are found by their tags: tag == good, in filters, `writ select --where` and `writ show --where`."),
        h("button", { type: "button", class: "main", onclick: save }, "Keep")));
    tags.focus();
  }

  writ.dialogs = { keys, fields, note };
})(globalThis.writ);
