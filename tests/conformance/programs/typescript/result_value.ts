interface Summary { total: number; items: string[] }
const make = (): Summary => ({ total: 2, items: ["a", "b"] });
console.log(make());
return make().total satisfies number;
