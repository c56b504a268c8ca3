import { readFileSync, writeFileSync } from "node:fs";
interface Todo { title: string; done: boolean }
const todos: Todo[] = [{ title: "write", done: true }, { title: "test", done: false }];
writeFileSync("todos.json", JSON.stringify(todos, null, 2));
const loaded = JSON.parse(readFileSync("todos.json", "utf8")) as Todo[];
const open = loaded.filter(({ done }) => !done).map(({ title }) => title);
console.log(open, loaded.length);
