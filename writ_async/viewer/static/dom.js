"use strict";
// Making elements. Whatever a model, a file or a server wrote becomes a text node and nothing else.
(function (writ) {
  // What nobody sees, or what turns the text around it: spelled out, as the terminal's output spells it.
  const UNSEEN =
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|[\ud800-\udfff]/gu;

  function spell(found) {
    const code = found.codePointAt(0);
    if (code < 0x100) return "\\x" + code.toString(16).padStart(2, "0");
    return code < 0x10000 ? "\\u" + code.toString(16).padStart(4, "0") : "\\U" + code.toString(16).padStart(8, "0");
  }

  function visible(text) {
    return String(text).replace(UNSEEN, spell);
  }

  /** An element with properties (`class`, `onclick`, attributes) and children; strings become text nodes. */
  function h(tag, properties, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (name === "class") element.className = value;
      else element.setAttribute(name, value === true ? "" : value);
    }
    append(element, children);
    return element;
  }

  function append(element, children) {
    for (const child of children.flat(Infinity)) {
      if (child === null || child === undefined || child === false || child === "") continue;
      element.append(child instanceof Node ? child : document.createTextNode(visible(child)));
    }
  }

  function fill(element, ...children) {
    element.replaceChildren();
    append(element, children);
    return element;
  }

  function number(value) {
    return value === null || value === undefined ? "–" : value.toLocaleString("en-US", { maximumFractionDigits: 3 });
  }

  function plural(count, one, many) {
    return `${number(count)} ${count === 1 ? one : many || one + "s"}`;
  }

  /** JSON text with line ends and indents; its numbers and escapes stay as they were written. Other text as it is. */
  function pretty(text) {
    try {
      if (typeof JSON.parse(text) !== "object") return text;
    } catch {
      return text;
    }
    let depth = 0;
    const line = () => "\n" + "  ".repeat(depth);
    return text.replace(/"(?:[^"\\]|\\.)*"|[{[]\s*[}\]]|[{}[\],:]|\s+/g, (token) => {
      if (token[0] === '"') return token;
      if (/^\s/.test(token)) return "";
      if (token.length > 1) return token[0] + token[token.length - 1];
      if (token === "{" || token === "[") return (depth++, token + line());
      if (token === "}" || token === "]") return (depth--, line() + token);
      return token === "," ? "," + line() : ": ";
    });
  }

  /** The arguments of a call on one line. */
  function brief(text, longest) {
    let said = text;
    if (!/\d{16}/.test(text)) {
      try {
        const value = JSON.parse(text);
        if (value && typeof value === "object" && !Array.isArray(value)) {
          said = Object.entries(value)
            .map(([name, one]) => `${name}: ${typeof one === "string" ? one : JSON.stringify(one)}`)
            .join(", ");
        }
      } catch {
        said = text;
      }
    }
    return said.length > longest ? said.slice(0, longest - 1) + "…" : said;
  }

  function toast(text) {
    document.getElementById("toast").textContent = visible(text);
    clearTimeout(toast.timer);
    toast.timer = setTimeout(() => (document.getElementById("toast").textContent = ""), 4000);
  }

  Object.assign(writ, { h, fill, visible, number, plural, pretty, brief, toast });
})(globalThis.writ);
