import def, { named, bump, count as n } from "./lib/a.js";
import * as all from "./lib/a.js";
import { deep } from "./lib/deep/b.js";
import data from "./data.json" with { type: "json" };
export const exported = 1;
console.log(def("x"), named, Object.keys(all), deep(), data.title);
bump(); bump();
console.log(n, all.count, import.meta.url.endsWith("main.js"), typeof require, this);
const lazy = await import("./lib/lazy.js");
console.log(lazy.default, lazy.value, await Promise.resolve("top-level await"));
try { await import("./missing.js"); } catch (e) { console.log(e.code); }
try { n = 5; } catch (e) { console.log(e.name); }
