interface User { id: number; name: string; email?: string; readonly created: Date }
type Draft = Partial<Omit<User, "id">>;
type Keys = keyof User;
type Getters<T> = { [K in keyof T as `get${Capitalize<string & K>}`]: () => T[K] };
type Unwrap<T> = T extends Promise<infer U> ? U : T;
type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
const draft: Draft = { name: "x" };
const keys: Keys[] = ["id", "name"];
const record: Record<"a" | "b", number> = { a: 1, b: 2 };
const getters: Getters<{ age: number }> = { getAge: () => 5 };
const n: Unwrap<Promise<number>> = 3;
const tuple: [string, number, ...boolean[]] = ["a", 1, true, false];
const config = { port: 80, hosts: ["a"] } as const;
const json: Json = { list: [1, "x", null, { deep: true }] };
function over(a: string): string;
function over(a: number): number;
function over(a: any): any { return a; }
console.log(draft, keys, record, getters.getAge(), n, tuple, config.hosts[0], JSON.stringify(json), over("s"), over(1));
let fn: (a: number, b?: string) => void = (a, b) => console.log(a, b); fn(1);
declare const notThere: number;
type Fn = typeof over; const same: Fn = over; console.log(same === over);
