const settings = Object.freeze({ debug: false, level: 3 }) as { debug: boolean; level: number };
"use strict";
try { (() => { "use strict"; settings.level = 4; })(); } catch (e) { console.log((e as Error).name, (e as Error).message); }
type Writable<T> = { -readonly [K in keyof T]: T[K] };
const copy: Writable<Readonly<{ a: number }>> = { a: 1 }; copy.a++;
console.log(settings, copy, Object.isFrozen(settings));
