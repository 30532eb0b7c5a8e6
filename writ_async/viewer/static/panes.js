"use strict";
// The right pane: what may be said of a row. With a message to step to, all is as of that message.
(function (writ) {
  const { h, number, plural, brief } = writ;
  const { findingOf, toMessage } = writ.talk;
  const PANES = [
    ["verdict", "Verdict"],
    ["evidence", "Evidence"],
    ["state", "State"],
    ["tokens", "Tokens"],
    ["task", "Task"],
  ];

  const done = (place, at) => at === null || place <= at;
  const words = (text) => String(text).replace(/_/g, " ");

  function verdict({ page, listed }, at) {
    const { reward } = page;
    const fields = listed.fields;
    const about = page.findings.filter((finding) => (finding.message ?? -1) < 0);
    const placed = page.findings.filter((finding) => (finding.message ?? -1) >= 0);
    return [
      h("dl", { class: "facts" },
        fact("Reward", reward ? number(reward.reward) : "not known"),
        fact("Verifiers", page.kept === null ? "have not looked" : page.kept ? "found nothing against it" : "found what is below"),
        fields.kept === null ? null : fact("Filters of the run", fields.kept ? "keep it" : "leave it out"),
        fact("Writes rest on", page.evidence ? words(page.evidence) : "–"),
        fact("Ended by", words(page.termination) + (page.signal ? ` (${words(page.signal)})` : ""))),
      page.error ? h("p", { class: "finding error" }, page.error) : null,
      about.length || placed.length ? h("h3", {}, "Found") : null,
      about.map(findingOf),
      placed.filter((finding) => done(finding.message, at)).map((finding) => {
        const element = findingOf(finding);
        element.prepend(toMessage(finding.message), " ");
        return element;
      }),
      checks(reward),
      page.notes.length ? [h("h3", {}, "The engine notes"), page.notes.map((note) =>
        h("p", { class: "remark" }, h("b", {}, note.kind), note.detail ? " " + note.detail : ""))] : null,
    ];
  }

  function fact(name, value) {
    return [h("dt", {}, name), h("dd", {}, value)];
  }

  function checks(reward) {
    if (!reward) return null;
    const rows = [
      ...Object.entries(reward.breakdown || {}).map(([name, value]) => [`${name.toLowerCase()} component`, value === 1, number(value)]),
      ...(reward.actions || []).map((action) => [action.name, action.action_match, action.action_match ? "called" : "not called"]),
      ...["communicate", "nl_assertions", "env_assertions"].flatMap((name) =>
        (reward[name] || []).map((check) => [check.info, check.met, check.met ? "met" : "not met"])),
    ];
    if (!rows.length) return null;
    return [h("h3", {}, "What the reward is made of"),
      h("ul", { class: "checks" }, rows.map(([name, met, said]) =>
        h("li", { class: met ? "met" : "unmet" }, h("span", { class: "text" }, name), h("span", { class: "flag" }, said)))),
      reward.note ? h("p", { class: "dim" }, reward.note) : null];
  }

  function evidence({ page }, at) {
    const made = page.messages.flatMap((message) => message.calls
      .filter((call) => call.kind === "write" && done(message.index, at))
      .map((call) => writeOf(message, call)));
    return [
      page.certificates.length ? h("h3", {}, "What has to be read") : null,
      page.certificates.map((certificate) => certificateOf(certificate, at)),
      h("h3", {}, "What the writes rested on"),
      made.length ? made : h("p", { class: "dim" }, at === null ? "Nothing was written." : "Nothing is written yet."),
      page.refrained ? h("p", { class: "remark" }, "No further write was due: ", words(page.refrained.label)) : null,
    ];
  }

  function certificateOf(certificate, at) {
    const lit = certificate.cells.filter((cell) => cell.read_at >= 0 && done(cell.read_at, at)).length;
    const title = certificate.write ? [h("b", {}, certificate.write), "  ", brief(certificate.arguments, 90)]
      : h("b", {}, "that no further write is due");
    return h("section", { class: "card" },
      h("h4", {}, title),
      h("p", { class: "dim" }, `${lit} of ${certificate.cells.length} read`,
        certificate.write ? [certificate.made_at >= 0 && done(certificate.made_at, at) ? [", written at ", toMessage(certificate.made_at)]
          : ", not written"] : null),
      h("ul", { class: "cells" }, certificate.cells.map((cell) => {
        const on = cell.read_at >= 0 && done(cell.read_at, at);
        return h("li", { class: on ? "lit" : "unlit" },
          h("span", { class: "lamp", "aria-hidden": "true" }),
          h("span", { class: "text" }, h("b", {}, cell.name), "  ", brief(cell.arguments, 120)),
          on ? [cell.by_user ? h("span", { class: "dim" }, "told at ") : null, toMessage(cell.read_at)]
            : h("span", { class: "flag" }, "unread"));
      })));
  }

  function writeOf(message, call) {
    const said = call.evidence;
    const lacks = said ? [
      ["unseen", said.unseen], ["unread", said.missing], ["out of date", said.stale],
      ["not agreed", said.unconfirmed && [said.unconfirmed]], ["chosen by the agent", said.unchosen],
      ["forbidden", said.breach && [said.breach]],
    ].filter(([, list]) => list && list.length) : [];
    const agreed = said && said.confirmation;
    return h("section", { class: "card" },
      h("h4", {}, toMessage(message.index), " ", h("b", {}, call.name),
        message.role === "user" ? h("span", { class: "flag" }, "by the user") : null,
        said ? h("span", { class: `flag ${said.label === "evidence_complete" ? "good" : said.label === "unproved" ? "" : "bad"}` },
          words(said.label)) : call.error ? h("span", { class: "flag bad" }, "refused") : null),
      call.supplied.length ? h("table", { class: "supplied" },
        h("caption", { class: "unseen" }, `Where the arguments of ${call.name} came from`),
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Argument"), h("th", { scope: "col" }, "From"))),
        h("tbody", {}, call.supplied.map((one) => h("tr", {},
          h("th", { scope: "row" }, h("code", {}, one.path), h("span", { class: "value" }, brief(one.value, 70))),
          h("td", {}, from(one)))))) : null,
      lacks.map(([what, list]) => h("p", { class: "finding error" }, h("b", {}, what), " " + list.join("; "))),
      agreed && agreed.agreed ? h("p", { class: "remark" }, "Agreed at ", toMessage(agreed.answered), `: “${agreed.agreed}”`) : null);
  }

  function from(one) {
    const parts = [];
    if (one.said >= 0) parts.push(h("span", { class: "source" }, "said at ", toMessage(one.said)));
    if (one.read >= 0) parts.push(h("span", { class: "source" }, one.tool, " ", toMessage(one.read)));
    return parts.length ? parts : h("span", { class: "dim" }, "follows, or nobody gave it");
  }

  function state({ page }, at) {
    const changed = page.messages.flatMap((message) => message.calls
      .filter((call) => call.changes.length && done(message.index, at)).map((call) => [message, call]));
    const wrong = page.against_gold;
    return [
      page.lacking ? h("p", { class: "remark" }, page.lacking) : null,
      h("h3", {}, "What was changed"),
      changed.length ? changed.map(([message, call]) => h("section", { class: "card" },
        h("h4", {}, toMessage(message.index), " ", h("b", {}, call.name)), records(call.changes, ofChange)))
        : h("p", { class: "dim" }, page.lacking ? "Not known." : at === null ? "Nothing." : "Nothing yet."),
      wrong ? [h("h3", {}, "Against the right end"),
        wrong.length ? h("section", { class: "card" }, records(wrong, ofMistake))
          : h("p", { class: "dim" }, "No difference.")] : null,
    ];
  }

  // A change, and a difference from what is right: there what is, is wrong.
  const ofChange = (change) => [
    change.before !== null ? h("del", {}, h("span", { class: "unseen" }, "before "), brief(change.before, 400)) : null,
    change.after !== null ? h("ins", {}, h("span", { class: "unseen" }, "after "), brief(change.after, 400)) : null,
    change.after === null ? h("span", { class: "dim" }, "gone") : null,
  ];
  const ofMistake = (change) => [
    h("p", { class: "should" }, "should be ", change.before === null ? "absent" : brief(change.before, 400)),
    h("p", { class: "is" }, "is ", change.after === null ? "absent" : brief(change.after, 400)),
  ];

  function records(changes, shown) {
    const groups = new Map();
    for (const change of changes) {
      const name = `${change.table} ${change.record}`;
      groups.set(name, [...(groups.get(name) || []), change]);
    }
    return [...groups].map(([name, own]) => h("div", { class: "record" }, h("h5", {}, name),
      h("ul", { class: "diff" }, own.map((change) => h("li", {},
        change.path ? h("code", { class: "path" }, change.path) : null, shown(change))))));
  }

  function task({ page, listed }) {
    const { task: asked, timing, usage } = page;
    const fields = listed.fields;
    return [
      asked ? [
        h("h3", {}, "What the user wants"),
        [asked.reason_for_call, asked.known_info, asked.instructions, asked.text].filter(Boolean).map((text) => h("p", { class: "words" }, text)),
        asked.behaviour ? h("p", { class: "dim" }, asked.behaviour) : null,
        asked.refused ? h("p", { class: "remark" }, "The policy forbids it: ", asked.refused) : null,
        h("h3", {}, "The calls that answer it"),
        asked.actions.length ? h("ol", { class: "gold" }, asked.actions.map(([name, text, by]) =>
          h("li", {}, h("b", {}, name), "  ", brief(text, 200), by === "user" ? " " : null,
            by === "user" ? h("span", { class: "flag" }, "by the user") : null))) : h("p", { class: "dim" }, "None."),
        asked.communicate.length ? h("p", {}, "To be told: ", asked.communicate.join("; ")) : null,
        asked.assertions.length ? h("ul", {}, asked.assertions.map((text) => h("li", {}, text))) : null,
      ] : h("p", { class: "dim" }, "The task is not known."),
      h("h3", {}, "Time and tokens"),
      timing ? timeBar(timing) : h("p", { class: "dim" }, "It was not timed."),
      Object.entries(usage).map(([seat, used]) => h("p", {}, h("b", {}, seat), ": ",
        plural(used.requests || 0, "request"), used.prompt_tokens
          ? `, ${number(used.prompt_tokens)} tokens in (${number(used.cached_tokens || 0)} cached), ${number(used.completion_tokens || 0)} out` : "")),
      h("h3", {}, "Row"),
      h("dl", { class: "facts" },
        fact("Run", fields.run), fact("Task", fields.task), fact("Recipe", fields.recipe || "–"), fact("Level", fields.level || "–"),
        fact("Burden", fields.burden === null ? "–" : plural(fields.burden, "read")), fact("Agent", fields.engine || "–"),
        page.digest ? fact("State", page.digest) : null),
    ];
  }

  function timeBar({ seconds, agent_wait, user_wait }) {
    const rest = Math.max(0, seconds - agent_wait - user_wait);
    const parts = [["agent", agent_wait], ["user", user_wait], ["rest", rest]];
    const bar = h("div", { class: "bar", "aria-hidden": "true" }, parts.map(([name]) => h("span", { class: name })));
    parts.forEach(([, value], index) => (bar.children[index].style.flexGrow = String(value)));
    return [bar, h("p", { class: "legend" }, h("b", {}, `${number(seconds)} s`), ": ",
      h("span", { class: "key agent" }, `agent ${number(agent_wait)} s`), h("span", { class: "key user" }, `user ${number(user_wait)} s`),
      h("span", { class: "key rest" }, `tools and waiting ${number(rest)} s`))];
  }

  writ.panes = { PANES, verdict, evidence, state, task };
})(globalThis.writ);
