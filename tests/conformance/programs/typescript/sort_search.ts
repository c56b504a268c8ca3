type Compare<T> = (a: T, b: T) => number;
const by = <T, K>(key: (item: T) => K): Compare<T> => (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
function quickSort<T>(items: readonly T[], compare: Compare<T>): T[] {
  if (items.length < 2) return [...items];
  const [pivot, ...rest] = items as [T, ...T[]];
  return [...quickSort(rest.filter((x) => compare(x, pivot) < 0), compare), pivot, ...quickSort(rest.filter((x) => compare(x, pivot) >= 0), compare)];
}
function binarySearch(items: number[], wanted: number, low = 0, high = items.length - 1): number {
  if (low > high) return -1;
  const middle = (low + high) >> 1;
  return items[middle] === wanted ? middle : items[middle]! < wanted ? binarySearch(items, wanted, middle + 1, high) : binarySearch(items, wanted, low, middle - 1);
}
console.log(quickSort([3, 1, 2], (a, b) => a - b), quickSort(["pear", "fig"], by((s) => s.length)), binarySearch([1, 3, 5, 7], 7));
const matrix: number[][] = [[1, 2], [3, 4]];
console.log(matrix[0]!.map((_, i) => matrix.map((row) => row[i])), new Set<number>(matrix.flat()).size);
