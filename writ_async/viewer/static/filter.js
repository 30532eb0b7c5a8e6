"use strict";
// The language in which rows are filtered, for rows that are looked at without a server. The same grammar, answers and
// errors as writ_async/rows/filter_language.py and filtering.py; tests/viewer/filters.json holds both to that.
(function (writ) {
  const LONGEST = 2000;
  const DEEPEST = 50;
  const TOKEN =
    /([ \t\r\n]+)|("(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*')|(==|!=|<=|>=|<|>|~|\(|\))|([^ \t\r\n()<>=!~"']+)/uy;
  const NUMBER = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?$/;
  const FLAGS = new Map([["true", true], ["yes", true], ["1", true], ["false", false], ["no", false], ["0", false]]);
  const SIGNS = ["==", "!=", "<=", ">=", "<", ">", "~"];
  const FITTING = {
    text: ["==", "!=", "~"],
    texts: ["==", "!=", "~"],
    number: ["==", "!=", "<", "<=", ">", ">="],
    flag: ["==", "!="],
    words: ["~"],
  };
  const CALLED = {
    text: "a text",
    texts: "a list of texts",
    number: "a number",
    flag: "true or false",
    words: "searched",
  };

  class FilterError extends Error {}

  function error(place, what) {
    return new FilterError(`filter, character ${place}: ${what}`);
  }

  function tokens(text) {
    const found = [];
    let at = 0;
    const place = (index) => [...text.slice(0, index)].length + 1;
    while (at < text.length) {
      TOKEN.lastIndex = at;
      const match = TOKEN.exec(text);
      if (match === null) {
        if (text[at] === '"' || text[at] === "'") throw error(place(at), "a quote is opened and never closed");
        throw error(place(at), `${text[at]} alone means nothing; write == or !=`);
      }
      const [said, , quoted, sign, word] = match;
      if (quoted) found.push({ kind: "text", text: said.slice(1, -1).replace(/\\([^])/gu, "$1"), place: place(at) });
      else if (sign) found.push({ kind: "sign", text: said, place: place(at) });
      else if (word) found.push({ kind: "word", text: said, place: place(at) });
      at += said.length;
    }
    return found;
  }

  /** The tree of a filter; throws `FilterError` of one line. `fields` says the kind of each field by its name. */
  function parse(text, fields) {
    const characters = [...text].length;
    if (characters > LONGEST) {
      throw new FilterError(`filter: is ${characters} characters long, and may have ${LONGEST}; shorten it`);
    }
    const all = tokens(text);
    const end = { kind: "end", text: "", place: characters + 1 };
    let position = 0;
    const next = () => all[position] || end;
    const problem = (what, token) =>
      error(token.place, what + (token.kind === "end" ? " the end" : ` "${token.text}"`));
    const takes = (word) => next().kind === "word" && next().text.toLowerCase() === word && ++position > 0;

    function either(depth) {
      const parts = [both(depth)];
      while (takes("or")) parts.push(both(depth));
      return parts.length === 1 ? parts[0] : { either: parts };
    }
    function both(depth) {
      const parts = [one(depth)];
      while (takes("and")) parts.push(one(depth));
      return parts.length === 1 ? parts[0] : { all: parts };
    }
    function one(depth) {
      const token = next();
      if (depth > DEEPEST) throw error(token.place, `more than ${DEEPEST} parentheses and 'not' stand in each other`);
      if (takes("not")) return { not: one(depth + 1) };
      if (token.kind === "sign" && token.text === "(") {
        position += 1;
        const found = either(depth + 1);
        if (next().kind !== "sign" || next().text !== ")") throw problem("a ) is missing before", next());
        position += 1;
        return found;
      }
      if (token.kind !== "word" || ["and", "or"].includes(token.text.toLowerCase())) {
        throw problem("a field is missing before", token);
      }
      return comparison(token);
    }
    function comparison(name) {
      if (!Object.hasOwn(fields, name.text)) {
        throw error(name.place, `there is no field "${name.text}"; there are: ${Object.keys(fields).join(", ")}`);
      }
      const kind = fields[name.text].kind;
      position += 1;
      const sign = next();
      if (sign.kind !== "sign" || !SIGNS.includes(sign.text)) return { field: name.text, kind, sign: "", value: "" };
      if (!FITTING[kind].includes(sign.text)) {
        throw error(sign.place, `${name.text} is ${CALLED[kind]}; it takes ${FITTING[kind].join(" ")}`);
      }
      position += 1;
      const token = next();
      const isWord = token.kind === "word";
      if ((!isWord && token.kind !== "text") || (isWord && ["and", "or", "not"].includes(token.text.toLowerCase()))) {
        throw problem("a value is missing before", token);
      }
      position += 1;
      return { field: name.text, kind, sign: sign.text, value: valueOf(name.text, kind, token) };
    }

    if (all.length === 0) return { all: [] };
    const found = either(0);
    if (position < all.length) throw problem("'and' or 'or' is missing before", next());
    return found;
  }

  function valueOf(name, kind, token) {
    if (kind === "number") {
      if (!NUMBER.test(token.text)) throw error(token.place, `${name} is a number, not "${token.text}"`);
      return Number(token.text);
    }
    if (kind === "flag") {
      const flag = FLAGS.get(token.text.toLowerCase());
      if (flag === undefined) throw error(token.place, `${name} is true or false, not "${token.text}"`);
      return flag;
    }
    return token.text;
  }

  /** Whether a row passes; `get` gives the value of a field of it. */
  function passes(wanted, get) {
    if (wanted.not) return !passes(wanted.not, get);
    if (wanted.either) return wanted.either.some((part) => passes(part, get));
    if (wanted.all) return wanted.all.every((part) => passes(part, get));
    return compare(wanted, get(wanted.field));
  }

  function compare({ kind, sign, value }, have) {
    const known = have !== null && have !== undefined;
    if (sign === "") return known && (Array.isArray(have) ? have.length > 0 : Boolean(have));
    if (sign === "~") {
      const part = value.toLowerCase();
      if (kind === "texts") return have.some((one) => one.toLowerCase().includes(part));
      return kind === "words" ? have.includes(part) : have.toLowerCase().includes(part);
    }
    if (kind === "texts") return have.includes(value) === (sign === "==");
    if (sign === "==") return known && have === value;
    if (sign === "!=") return !known || have !== value;
    if (!known) return false;
    if (sign === "<") return have < value;
    if (sign === "<=") return have <= value;
    return sign === ">" ? have > value : have >= value;
  }

  /** Whether a filter looks through what was said. */
  function searches(wanted) {
    if (wanted.field) return wanted.kind === "words";
    return wanted.not ? searches(wanted.not) : (wanted.all || wanted.either).some(searches);
  }

  /** A tree as a text that is read as the same tree. */
  function say(wanted) {
    if (wanted.not) return `not ${inner(wanted.not)}`;
    if (wanted.all) return wanted.all.map(inner).join(" and ");
    if (wanted.either) return wanted.either.map(inner).join(" or ");
    return wanted.sign === "" ? wanted.field : `${wanted.field} ${wanted.sign} ${quoted(String(wanted.value))}`;
  }

  function inner(wanted) {
    return wanted.all || wanted.either ? `(${say(wanted)})` : say(wanted);
  }

  /** A value as it stands in a filter. */
  function quoted(value) {
    const isWord = /^[^ \t\r\n()<>=!~"']+$/u.test(value) && !/^(?:and|or|not)$/i.test(value);
    return isWord ? value : `"${value.replace(/["\\]/g, "\\$&")}"`;
  }

  /** The parts of a filter that all have to hold. */
  function parts(wanted) {
    return wanted.all || [wanted];
  }

  writ.filter = { parse, passes, searches, say, quoted, parts, FilterError };
})(globalThis.writ);
