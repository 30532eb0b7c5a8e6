"use strict";
// Where the rows come from: the server behind this page, or files beside it. Both answer the same questions.
(function (writ) {
  class BackendError extends Error {}

  const server = {
    canWrite: true,
    state: () => ask("api/state"),
    rows: (query, offset, limit) => ask("api/rows", { ...plain(query), offset, limit }),
    line: async (query, key) => (await ask("api/line", { ...plain(query), key })).line,
    conversation: (key) => ask("api/conversation", { key }),
    async note(token, note) {
      const headers = { "Content-Type": "application/json", "X-Writ-Token": token };
      return read(await send("api/note", { method: "POST", headers, body: JSON.stringify(note) }));
    },
  };

  function plain(query) {
    return { filter: query.filter, sort: query.sort, task: query.task ? "1" : "" };
  }

  async function ask(path, parameters) {
    return read(await send(`${path}?${new URLSearchParams(parameters || {})}`));
  }

  async function send(path, options) {
    try {
      return await fetch(path, { cache: "no-store", ...options });
    } catch {
      throw new BackendError("the server does not answer; is `writ view` still running?");
    }
  }

  async function read(response) {
    const value = await response.json().catch(() => ({ error: `the server answers ${response.status}` }));
    if (!response.ok) throw new BackendError(value.error);
    return value;
  }

  // Files: each data file calls writ.take with its name and its JSON as a text.
  const taken = new Map();
  const waiting = new Map();

  writ.take = function (name, text) {
    taken.set(name, JSON.parse(text));
    waiting.get(name)?.();
  };

  function load(name) {
    if (taken.has(name)) return Promise.resolve(taken.get(name));
    return new Promise((resolve, reject) => {
      waiting.set(name, () => resolve(taken.get(name)));
      const script = document.createElement("script");
      script.src = `data/${name}.js`;
      script.onerror = () => reject(new BackendError(`data/${name}.js is missing`));
      document.head.append(script);
    });
  }

  async function loadAll(name, chunks) {
    return (await Promise.all(Array.from({ length: chunks }, (_, chunk) => load(`${name}-${chunk}`)))).flat();
  }

  const files = {
    canWrite: false,
    orders: new Map(),
    state: () => load("state"),

    async all() {
      const { chunks } = await load("state");
      this.listed ??= await loadAll("rows", chunks.rows);
      this.byKey ??= new Map(this.listed.map((row, index) => [row.key, index]));
      return this.listed;
    },

    async order(query) {
      const name = JSON.stringify(plain(query));
      if (!this.orders.has(name)) this.orders.set(name, await this.makeOrder(query));
      return this.orders.get(name);
    },

    async makeOrder(query) {
      const listed = await this.all();
      const { fields, chunks, sortable } = await load("state");
      const field = query.sort.replace(/^-/, "");
      if (field && !sortable.includes(field)) {
        throw new BackendError(`sort: there is no field '${field}' to sort by; there are: ${sortable.join(", ")}`);
      }
      const wanted = writ.filter.parse(query.filter, fields);
      const texts = writ.filter.searches(wanted) ? await loadAll("texts", chunks.texts) : [];
      const get = (row) => (field) => (field === "messages" ? texts[row] : listed[row].fields[field]);
      const rows = sorted([...listed.keys()].filter((row) => writ.filter.passes(wanted, get(row))), query.sort, listed);
      return { found: rows.length, lines: query.task ? grouped(rows, listed) : rows };
    },

    async rows(query, offset, limit) {
      const { found, lines } = await this.order(query);
      const listed = await this.all();
      return {
        lines: lines.slice(offset, offset + limit).map((line) => (typeof line === "number" ? listed[line] : line)),
        offset,
        total: lines.length,
        found,
        rows: listed.length,
        version: 1,
      };
    },

    async line(query, key) {
      await this.all();
      return (await this.order(query)).lines.indexOf(this.byKey.get(key));
    },

    async conversation(key) {
      await this.all();
      const { chunks } = await load("state");
      const row = this.byKey.get(key);
      if (row === undefined) throw new BackendError(`there is no row ${key}`);
      return (await load(`talk-${Math.floor(row / chunks.talk)}`))[row % chunks.talk];
    },
  };

  const isKnown = (value) => value !== null && value !== undefined && value !== "" && value.length !== 0;

  function sorted(rows, sort, listed) {
    if (!sort) return rows;
    const name = sort.replace(/^-/, "");
    const sign = sort.startsWith("-") ? -1 : 1;
    const value = (row) => {
      const have = listed[row].fields[name];
      return Array.isArray(have) ? have.join("\u0000") : have;
    };
    const known = rows.filter((row) => isKnown(listed[row].fields[name]));
    known.sort((one, other) => {
      const [a, b] = [value(one), value(other)];
      return a === b ? 0 : (a < b ? -1 : 1) * sign;
    });
    return [...known, ...rows.filter((row) => !isKnown(listed[row].fields[name]))];
  }

  function grouped(rows, listed) {
    const tasks = new Map();
    for (const row of rows) {
      const task = listed[row].fields.task;
      tasks.set(task, [...(tasks.get(task) || []), row]);
    }
    return [...tasks].flatMap(([task, own]) => {
      const rewards = own.map((row) => listed[row].fields.reward).filter((reward) => reward !== null);
      const solved = rewards.filter((reward) => reward === 1).length;
      return [{ task, rows: own.length, rewarded: rewards.length, solved }, ...own];
    });
  }

  writ.backend = writ.mode === "files" ? files : server;
})(globalThis.writ);
