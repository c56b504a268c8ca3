type Matrix = readonly (readonly number[])[];
const multiply = (a: Matrix, b: Matrix): number[][] => a.map((row) => b[0]!.map((_, c) => row.reduce((sum, x, k) => sum + x * b[k]![c]!, 0)));
const identity = (n: number): number[][] => Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => Number(i === j)));
console.log(multiply([[1, 2], [3, 4]], [[5, 6], [7, 8]]), identity(3));
console.table(multiply([[1, 2]], [[3], [4]]));
