"use strict";
// Two rows side by side, message by message; what both have alike before they part is folded away.
(function (writ) {
  const { h, number, plural } = writ;

  function sign(message) {
    const calls = message.calls.map((call) => [call.name, call.arguments, call.result, call.error]);
    return JSON.stringify([message.role, message.text, calls]);
  }

  /** How many messages two conversations begin with alike. */
  function alike(one, other) {
    let count = 0;
    while (count < one.length && count < other.length && sign(one[count]) === sign(other[count])) count += 1;
    return count;
  }

  function view(left, right, state) {
    const [one, other] = [left.page.messages, right.page.messages];
    const shared = alike(one, other);
    const most = Math.max(one.length, other.length);
    const pair = (index) => [cell(one[index], left, state, index), cell(other[index], right, state, index)];
    const pairs = (from, to) => h("div", { class: "pairs" }, Array.from({ length: to - from }, (_, index) => pair(from + index)));
    return h("section", { class: "compare", "aria-label": "Side by side" },
      h("div", { class: "pairs sides" }, side(left), side(right)),
      shared ? h("details", { class: "alike", open: state.unfolded || (state.m !== null && state.m < shared) },
        h("summary", {}, `${plural(shared, "message")} alike`), pairs(0, shared)) : null,
      shared < most ? [h("h2", { class: "parting", id: "parting" }, shared ? "Here they part" : "They part at once"), pairs(shared, most)]
        : h("h2", { class: "parting" }, "They never part"));
  }

  function side({ listed, page }) {
    const verdict = writ.list.verdictOf(listed.fields);
    return h("header", { class: "side" },
      h("h2", {}, h("a", { href: writ.route.toRow(listed.key, {}) }, listed.fields.id), writ.state.sources.length > 1
        ? h("span", { class: "dim" }, " " + listed.fields.run) : null),
      h("p", {}, h("span", { class: `verdict ${verdict.class}` }, verdict.text), ` reward ${number(listed.fields.reward)} · `,
        `${plural(page.messages.length, "message")} · ${page.termination.replace(/_/g, " ")}`),
      page.findings.map((finding) => h("p", { class: `finding ${finding.severity || "error"}` }, h("b", {}, finding.reason), " ", finding.detail || "")));
  }

  function cell(message, { page }, state, pair) {
    if (!message) return h("div", { class: "message none", "data-pair": pair }, h("p", { class: "dim" }, "it had ended"));
    return h("div", { class: `message ${message.role}${state.m === pair ? " current" : ""}`, "data-pair": pair },
      writ.talk.content(message, page, state.unfolded));
  }

  writ.compare = { view, alike };
})(globalThis.writ);
