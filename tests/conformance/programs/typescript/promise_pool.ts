async function pool<T, R>(items: readonly T[], limit: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0, active = 0, most = 0;
  const worker = async (): Promise<void> => { while (next < items.length) { const i = next++; active++; most = Math.max(most, active); results[i] = await work(items[i]!); active--; } };
  await Promise.all(Array.from({ length: limit }, worker));
  console.log("most at once", most);
  return results;
}
console.log(await pool([3, 1, 2, 5], 2, async (n) => { await new Promise((r) => setTimeout(r, n)); return n * n; }));
export {};
