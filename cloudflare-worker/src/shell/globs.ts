/** Finds the paths that a pattern names. What the pattern language is stands in patterns.ts. */
import type { FileSystem } from "./files.js";
import { resolve } from "./files.js";
import { matches } from "./patterns.js";

export interface GlobOptions {
  extglob: boolean;
  dotglob: boolean;
  globstar: boolean;
  nocaseglob: boolean;
}

export const hasGlob = (pattern: string, extglob: boolean): boolean => /[*?]|\[/.test(pattern) || (extglob && /[+@!]\(/.test(pattern));
const unescaped = (pattern: string): string => pattern.replace(/\\(.)/gs, "$1");
/** Splits at slashes that are not in brackets of an extended pattern. */
function segments(pattern: string): string[] {
  const parts = [""];
  let open = 0;
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at]!;
    if (char === "\\") {
      parts[parts.length - 1] += char + (pattern[at + 1] ?? "");
      at += 1;
      continue;
    }
    if (char === "(") open += 1;
    if (char === ")" && open > 0) open -= 1;
    if (char === "/" && open === 0) parts.push("");
    else parts[parts.length - 1] += char;
  }
  return parts;
}

export function glob(fs: FileSystem, cwd: string, pattern: string, options: GlobOptions): string[] {
  const names = (path: string): string[] => {
    try {
      return fs.readdir(resolve(cwd, path === "" ? "." : path)).sort();
    } catch {
      return [];
    }
  };
  const isFolder = (path: string, follow = true): boolean => {
    try {
      return (follow ? fs.stat(resolve(cwd, path)) : fs.lstat(resolve(cwd, path))).kind === "directory";
    } catch {
      return false;
    }
  };
  const exists = (path: string): boolean => {
    try {
      fs.lstat(resolve(cwd, path));
      return true;
    } catch {
      return false;
    }
  };
  const visible = (name: string, segment: string): boolean => !name.startsWith(".") || segment.startsWith(".") || segment.startsWith("\\.") || options.dotglob;
  const parts = segments(pattern);
  const found: string[] = [];
  const walk = (base: string, at: number): void => {
    const segment = parts[at]!;
    const last = at === parts.length - 1;
    if (segment === "" && !last) {
      walk(`${base}/`.replace(/\/\/$/, "/"), at + 1);
      return;
    }
    if (segment === "") {
      if (isFolder(base)) found.push(base);
      return;
    }
    const joined = (name: string): string => `${base}${name}`;
    const onward = (path: string): void => {
      if (last) found.push(path);
      else if (isFolder(path)) walk(`${path}/`, at + 1);
    };
    if (options.globstar && segment === "**") {
      const deep = (path: string): void => {
        for (const name of names(path === "" ? "." : path)) {
          if (!visible(name, "")) continue;
          const full = `${path}${name}`;
          if (last) found.push(full);
          if (isFolder(full, false)) {
            if (!last) walk(`${full}/`, at + 1);
            deep(`${full}/`);
          }
        }
      };
      if (!last) walk(base, at + 1);
      else if (base !== "") found.push(base);
      deep(base);
      return;
    }
    if (!hasGlob(segment, options.extglob)) {
      const path = joined(unescaped(segment));
      if (last ? exists(path) : isFolder(path)) onward(path);
      return;
    }
    for (const name of names(base)) if (visible(name, segment) && matches(segment, name, { extglob: options.extglob, fold: options.nocaseglob })) onward(joined(name));
  };
  if (pattern.startsWith("/")) {
    parts.shift();
    walk("/", 0);
  } else walk("", 0);
  return options.globstar && parts.includes("**") ? [...new Set(found)].sort() : found;
}
