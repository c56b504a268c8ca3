/**
 * Makes Pyodide's loader run where no code can be made at run time: every patch names the exact text it replaces and fails the build when that text is gone.
 * Nothing here runs Pyodide.
 */
import assert from "node:assert/strict";

export const PYODIDE_VERSION = "314.0.7";
const TYPE_CODES = { i: 127, p: 127, j: 126, f: 125, d: 124, e: 111 };
const WASM_HEADER = [0, 97, 115, 109, 1, 0, 0, 0];
const SIGNATURES_MIN = 90;

function replaceOnce(text, from, to) {
  assert.equal(text.split(from).length, 2, `Pyodide ${PYODIDE_VERSION} no longer contains exactly once: ${from.slice(0, 80)}`);
  return text.replace(from, () => to);
}

function replaceBetween(text, from, end, to) {
  const start = text.indexOf(from);
  assert.ok(start >= 0 && text.indexOf(from, start + 1) < 0, `Pyodide ${PYODIDE_VERSION} no longer contains exactly once: ${from}`);
  const stop = text.indexOf(end, start);
  assert.ok(stop > start && stop - start < 4000, `Pyodide ${PYODIDE_VERSION}: no end of ${from}`);
  return { text: text.slice(0, start) + to + text.slice(stop + end.length), was: text.slice(start, stop + end.length) };
}

/** @returns {{ loader: string, wasm: Record<string, Uint8Array>, facts: object }} */
export function patchPyodide(asmSource, loaderSource, lock) {
  let text = asmSource;
  // Stack switching stays on although modules cannot be compiled here.
  text = replaceOnce(
    text,
    "var canConstructWasm=true;try{new WebAssembly.Module(new Uint8Array([0,97,115,109,1,0,0,0]))}catch(e){canConstructWasm=false}",
    "var canConstructWasm=true;",
  );
  // The modules that it would make at run time are made by the build instead.
  const trampoline = replaceBetween(text, 'return new WebAssembly.Module(hexStringToUTF8Array("', '"))', "return Module.prebuilt.trampoline");
  text = trampoline.text;
  text = replaceBetween(text, "var bytes=Uint8Array.of(0,97,115,109,", "var module=new WebAssembly.Module(bytes);", "var module=Module.prebuilt.signature(sig);").text;
  // A run's memory limit is a refused growth, which Python reports as MemoryError.
  text = replaceOnce(text, "var getHeapMax=()=>4294901760;", "var getHeapMax=()=>Module.heapMax();");
  // Files live outside the wasm heap and have a quota of their own.
  text = replaceOnce(
    text,
    "var oldContents=MEMFS.getFileDataAsTypedArray(node);node.contents=new Uint8Array(newCapacity);",
    "Module.claimFileBytes(newCapacity-prevCapacity);var oldContents=MEMFS.getFileDataAsTypedArray(node);node.contents=new Uint8Array(newCapacity);",
  );
  text = replaceOnce(
    text,
    "var oldContents=node.contents;node.contents=new Uint8Array(newSize);",
    "Module.claimFileBytes(newSize-node.usedBytes);var oldContents=node.contents;node.contents=new Uint8Array(newSize);",
  );
  // Which JavaScript objects Python knows already is forgotten when its memory is replaced by one that does not.
  text = replaceOnce(text, "function __hiwire_deduplicate_new(){return new Map}", "function __hiwire_deduplicate_new(){return Module.known=new Map}");
  // There is no Node here, whatever the globals look like.
  text = replaceOnce(text, 'var ENVIRONMENT_IS_NODE=globalThis.process?.versions?.node&&globalThis.process?.type!="renderer";', "var ENVIRONMENT_IS_NODE=false;");
  text = replaceOnce(text, 'if(ENVIRONMENT_IS_NODE){const{createRequire}=await import("node:module");var require=createRequire(import.meta.url)}', "");

  const hex = /"([0-9a-f]+)"/.exec(trampoline.was)?.[1];
  const marker = /=[A-Za-z$_]+\("(AGFzbQ[A-Za-z0-9+/=]+)"\)/.exec(loaderSource)?.[1];
  const buildId = /BUILD_ID:"([0-9a-f]{64})"/.exec(loaderSource)?.[1];
  assert.ok(hex && marker && buildId, `Pyodide ${PYODIDE_VERSION}: the embedded modules or the build id are gone`);
  const wasm = { trampoline: Buffer.from(hex, "hex"), jsverror: Buffer.from(marker, "base64") };
  const signatures = new Set([...asmSource.matchAll(/\.sig="([vijfdep]+)"/g)].map((match) => match[1].replaceAll("p", "i")));
  assert.ok(signatures.size >= SIGNATURES_MIN, `only ${signatures.size} function signatures found`);
  for (const signature of [...signatures].sort()) wasm[`sig_${signature}`] = signatureModule(signature);
  const pyVersion = lock.info.python.split(".").map(Number);
  return { loader: text, wasm, facts: { buildId, lockInfo: lock.info, pyVersion } };
}

/** A module that imports one function and exports it again with a wasm type, so that it can enter the function table. */
function signatureModule(signature) {
  const types = (letters) => vector([...letters].map((letter) => TYPE_CODES[letter]));
  const result = signature[0] === "v" ? "" : signature[0];
  const type = vector([1, 0x60, ...types(signature.slice(1)), ...types(result)]);
  return Uint8Array.from([...WASM_HEADER, 1, ...type, 2, 7, 1, 1, 101, 1, 102, 0, 0, 7, 5, 1, 1, 102, 0, 0]);
}

function vector(bytes) {
  assert.ok(bytes.length < 128, "a longer length needs more than one byte");
  return [bytes.length, ...bytes];
}
