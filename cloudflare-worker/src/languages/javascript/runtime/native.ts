/** The runtime's own builtins, fetched through a door that is closed to user code before it runs. */
// biome-ignore-all lint/suspicious/noExplicitAny: builtins come without types here
export type Builtin = Record<string, any>;

const { process } = globalThis as unknown as { process: Builtin };
const getBuiltinModule = process.getBuiltinModule.bind(process) as (name: string) => Builtin | undefined;
const chdir = process.chdir.bind(process) as (path: string) => void;
const cwd = process.cwd.bind(process) as () => string;

export const native = { getBuiltinModule, chdir, cwd, process };
