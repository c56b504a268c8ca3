enum Direction { Up, Down = 5, Left, Right }
enum Color { Red = "RED", Green = "GREEN" }
enum Mixed { A = 1 << 2, B = A | 1, C = "abc".length }
const enum Fast { On = 1, Off }
console.log(Direction.Up, Direction.Left, Direction[5], Color.Red, Mixed.B, Mixed.C, Fast.Off);
console.log(Object.keys(Direction), Object.values(Color), Direction, typeof Color);
function turn(d: Direction): string { switch (d) { case Direction.Up: return "up"; default: return Direction[d]; } }
console.log(turn(Direction.Up), turn(Direction.Right));
