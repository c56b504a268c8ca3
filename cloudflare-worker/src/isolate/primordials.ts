/**
 * What the harness needs of the language and the runtime, taken before any user code runs: a program may patch every prototype afterwards
 * without touching how it is reported. Only what the reporting path uses stands here.
 */
// biome-ignore-all lint/suspicious/noExplicitAny: these wrap arbitrary functions
const { bind, call } = Function.prototype;

/** `uncurryThis(f)(self, ...args)` is `self.f(...args)`, whatever becomes of Function.prototype. */
export const uncurryThis: <F extends (...args: any[]) => any>(fn: F) => (self: any, ...args: Parameters<F>) => ReturnType<F> = bind.bind(call) as any;

export const { stringify, parse } = JSON;
export const { keys, defineProperty, freeze, getPrototypeOf, create } = Object;
export const { apply, ownKeys, getOwnPropertyDescriptor } = Reflect;
export const { isArray } = Array;
export const { isFinite: isFiniteNumber } = Number;
export const { queueMicrotask, setTimeout, clearTimeout } = globalThis;
export const setImmediate: (callback: () => void) => unknown = (globalThis as any).setImmediate;
export const nativeLog: (line: string) => void = console.log.bind(console);

export const textOf = String;
export const slice = uncurryThis(String.prototype.slice);
export const indexOf = uncurryThis(String.prototype.indexOf as (search: string, from?: number) => number);
export const toWellFormed = uncurryThis(String.prototype.toWellFormed);
export const exec = uncurryThis(RegExp.prototype.exec);
export const whenSettled = uncurryThis(Promise.prototype.then as (done?: (value: any) => any, failed?: (error: any) => any) => Promise<any>);

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const rawEncode = uncurryThis(TextEncoder.prototype.encode);
const rawDecode = uncurryThis(TextDecoder.prototype.decode as (bytes: Uint8Array) => string);
export const encode = (text: string): Uint8Array => rawEncode(encoder, text);
export const decode = (bytes: Uint8Array): string => rawDecode(decoder, bytes);
export const subarray = uncurryThis(Uint8Array.prototype.subarray as (from: number, to: number) => Uint8Array);

/**
 * `await` looks at nothing of a native promise but its `constructor`: with that fixed, the harness's own waiting cannot be diverted.
 * Called once, before user code.
 */
export function protectAwait(): void {
  defineProperty(Promise.prototype, "constructor", { value: Promise, writable: false, configurable: false });
}
