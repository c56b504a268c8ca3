/** Which session file a specifier means. Pure: the parent uses it to find what is needed, the isolate to link. */

const EXTENSIONS = [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".json"];
/** In TypeScript one imports "./a.js" and means a.ts. */
const COUNTERPART: Record<string, string> = { ".js": ".ts", ".mjs": ".mts", ".cjs": ".cts" };

export const SESSION_ROOT = "/tmp/session";

/** Is the specifier a path (rather than the name of a package or a builtin)? */
export function isPath(specifier: string): boolean {
  return /^(\.{1,2}(\/|$)|\/|file:)/.test(specifier);
}

/** `a/b/../c` → `a/c`; null when it climbs out. */
export function normalize(path: string): string | null {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.join("/");
}

/** The name of the file that `specifier` means in the file `importer`, or null when there is none. */
export function resolve(specifier: string, importer: string, has: (name: string) => boolean): string | null {
  let path = specifier.replace(/[?#].*$/, "");
  if (path.startsWith("file:")) {
    try {
      path = decodeURIComponent(path.replace(/^file:(\/\/)?/, ""));
    } catch {
      return null;
    }
  }
  if (path.startsWith("/")) {
    if (!path.startsWith(`${SESSION_ROOT}/`)) return null;
    path = path.slice(SESSION_ROOT.length + 1);
  } else {
    const slash = importer.lastIndexOf("/");
    path = `${slash < 0 ? "" : importer.slice(0, slash)}/${path}`;
  }
  const base = normalize(path);
  if (base === null) return null;
  if (base !== "" && has(base)) return base;
  const extension = /\.[mc]?js$/.exec(base)?.[0];
  const typed = extension === undefined ? undefined : COUNTERPART[extension];
  if (extension !== undefined && typed !== undefined && has(base.slice(0, -extension.length) + typed)) return base.slice(0, -extension.length) + typed;
  if (base !== "") for (const candidate of EXTENSIONS) if (has(base + candidate)) return base + candidate;
  for (const candidate of EXTENSIONS) {
    const index = `${base === "" ? "" : `${base}/`}index${candidate}`;
    if (has(index)) return index;
  }
  return null;
}
