const wait = <T>(ms: number, value: T): Promise<T> => new Promise<T>((resolve) => setTimeout(() => resolve(value), ms));
async function total(values: Promise<number>[]): Promise<number> { return (await Promise.all(values)).reduce((a, b) => a + b, 0); }
async function* countdown(n: number): AsyncGenerator<number, string, void> { while (n > 0) { await wait(1, null); yield n--; } return "liftoff"; }
async function main(): Promise<void> {
  console.log(await total([wait(2, 1), wait(1, 2)]));
  for await (const n of countdown(3)) console.log(n);
  const results: PromiseSettledResult<string>[] = await Promise.allSettled([wait(1, "ok"), Promise.reject(new Error("bad"))]);
  for (const r of results) console.log(r.status, r.status === "fulfilled" ? r.value : (r.reason as Error).message);
  type Task = () => Promise<string>;
  const tasks: Record<string, Task> = { a: () => wait(1, "A"), b: async () => { throw new Error("B fails"); } };
  for (const [name, task] of Object.entries(tasks)) { try { console.log(name, await task()); } catch (e) { console.log(name, (e as Error).message); } }
}
main();
