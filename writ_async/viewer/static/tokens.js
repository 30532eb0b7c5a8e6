"use strict";
// A seat's tokens: what the model wrote stands out from what it was given, and is the darker the less likely it was.
(function (writ) {
  const { h, number, plural } = writ;
  const MOST = 3000;
  const STEPS = [-0.05, -0.5, -1.5, -3];

  function pane({ page }) {
    const seats = Object.entries(page.tokens);
    if (!seats.length) return h("p", { class: "dim" }, "This row has no token ids: its engine works on words.");
    return seats.map(([seat, tokens]) => seatOf(seat, tokens));
  }

  function seatOf(seat, tokens) {
    const written = tokens.generated.reduce((sum, [start, end]) => sum + end - start, 0);
    const known = tokens.logprobs.filter((value) => value !== null);
    const box = h("div", { class: "tokens" + (tokens.texts.length ? "" : " ids") });
    const draw = (most) => writ.fill(box, spans(tokens, most));
    draw(MOST);
    const more = tokens.ids.length > MOST ? h("button", { type: "button", onclick: () => (draw(Infinity), more.remove()) },
      `Show all ${number(tokens.ids.length)}`) : null;
    return [
      h("h3", {}, seat),
      h("p", {}, `${plural(tokens.ids.length, "token")}, ${number(written)} written by the model`,
        known.length ? `; mean logprob ${number(known.reduce((sum, value) => sum + value, 0) / known.length)}` : "; no logprobs",
        tokens.complete ? "" : "; part of the conversation is missing"),
      tokens.weights.length ? h("p", { class: "dim" }, "Weights: ", tokens.weights.map(([version]) => version).join(", ")) : null,
      tokens.note ? h("p", { class: "remark" }, tokens.note) : null,
      h("p", { class: "legend" }, h("span", { class: "token given" }, "given"), " ",
        h("span", { class: "token p0" }, "likely"), " ", h("span", { class: "token p2" }, "less"), " ",
        h("span", { class: "token p4" }, "unlikely"), tokens.logprobs.length ? "" : [" ", h("span", { class: "token written" }, "written")]),
      box, more,
    ];
  }

  /** Runs of given tokens as one span, written ones one by one. */
  function spans(tokens, most) {
    const said = (index) => (tokens.texts.length ? tokens.texts[index] : String(tokens.ids[index]));
    const between = tokens.texts.length ? "" : " ";
    const found = [];
    let place = 0;
    let written = 0;
    for (const [start, end] of [...tokens.generated, [tokens.ids.length, tokens.ids.length]]) {
      const until = Math.min(start, most);
      if (place < until) {
        let text = "";
        for (let index = place; index < until; index += 1) text += said(index) + between;
        found.push(h("span", { class: "token given" }, text));
      }
      for (let index = start; index < Math.min(end, most); index += 1, written += 1) {
        const logprob = tokens.logprobs.length ? tokens.logprobs[written] : null;
        const step = logprob === null || logprob === undefined ? "written" : "p" + STEPS.filter((least) => logprob < least).length;
        found.push(h("span", { class: `token ${step}`, title: `id ${tokens.ids[index]}` +
          (logprob === null || logprob === undefined ? "" : `, logprob ${logprob.toFixed(3)}`) }, said(index)), between);
      }
      place = end;
    }
    return found;
  }

  writ.tokens = { pane };
})(globalThis.writ);
