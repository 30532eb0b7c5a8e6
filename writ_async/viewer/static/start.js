"use strict";
// Where the rows come from. `writ view --static` writes another one of these, which says that they lie in data/.
globalThis.writ = { mode: "server" };
