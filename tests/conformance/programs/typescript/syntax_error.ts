const x: number = 1;
function broken(a: string {
  return a;
}
