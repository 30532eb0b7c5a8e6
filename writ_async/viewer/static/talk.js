"use strict";
// What was said and done, message by message: words as they are, calls folded, findings at their message.
(function (writ) {
  const { h, pretty, brief } = writ;
  const NAMES = { user: "User", agent: "Agent", system: "System", result: "Result" };

  /** The messages of a row; `at` is the one that is stepped to, null for the whole. */
  function talk(page, { at, unfolded }) {
    return h("ol", { class: "talk" }, page.messages.map((message) => item(message, page, { at, unfolded })));
  }

  function item(message, page, { at, unfolded }) {
    const state = at === null ? "" : message.index === at ? " current" : message.index > at ? " later" : "";
    return h("li", { class: `message ${message.role}${state}`, id: `m${message.index}`, "data-message": message.index,
      "aria-current": message.index === at ? "step" : null }, content(message, page, unfolded));
  }

  function content(message, page, unfolded) {
    return [
      h("div", { class: "who" },
        h("a", { href: writ.route.to({ m: message.index }), class: "number", title: "Show all as of this message" },
          h("span", { class: "unseen" }, "message "), String(message.index)),
        h("span", { class: "role" }, NAMES[message.role])),
      h("div", { class: "said" },
        message.reasoning ? folded("thought", "thought", brief(message.reasoning, 80), unfolded,
          h("p", { class: "words" }, message.reasoning)) : null,
        message.text ? h("p", { class: "words" }, message.text) : null,
        message.calls.map((call) => callOf(call, unfolded, message.role === "user")),
        findingsAt(page, message.index)),
    ];
  }

  function folded(kind, label, summary, open, ...inside) {
    return h("details", { class: `call ${kind}`, open },
      h("summary", {}, h("span", { class: "kind" }, label), h("span", { class: "brief" }, summary)), inside);
  }

  function callOf(call, unfolded, byUser) {
    const kind = call.kind === "unknown" ? "call" : call.kind;
    const label = call.evidence ? call.evidence.label.replace(/_/g, " ") : "";
    return h("details", { class: `call ${kind}${call.error ? " error" : ""}`, open: unfolded },
      h("summary", {},
        h("span", { class: "kind" }, byUser ? `user’s ${kind}` : kind),
        h("span", { class: "brief" }, h("b", {}, call.name), "  ", brief(call.arguments, 160)),
        call.error ? h("span", { class: "flag bad" }, "refused") : null,
        label ? h("span", { class: `flag ${label === "evidence complete" ? "good" : label === "unproved" ? "" : "bad"}` },
          label) : null,
        call.changes && call.changes.length ? h("span", { class: "flag" }, writ.plural(call.changes.length, "change")) : null),
      h("h4", {}, "Arguments"), h("pre", { tabindex: "0" }, pretty(call.arguments)),
      h("h4", {}, "Result"), h("pre", { tabindex: "0" }, call.result === null ? "never answered" : pretty(call.result) || "(nothing)"));
  }

  function findingsAt(page, index) {
    return page.findings.filter((finding) => (finding.message ?? -1) === index).map(findingOf);
  }

  function findingOf(finding) {
    const severity = finding.severity || "error";
    return h("p", { class: `finding ${severity}` },
      h("b", {}, finding.reason), finding.detail ? " " + finding.detail : "",
      severity === "error" ? null : h("span", { class: "dim" }, ` (${severity === "turn" ? "this message" : "remark"})`));
  }

  /** A link to a message. */
  function toMessage(index) {
    return h("a", { href: writ.route.to({ m: index }), class: "place" }, h("span", { class: "unseen" }, "message "), String(index));
  }

  writ.talk = { talk, content, findingOf, toMessage };
})(globalThis.writ);
