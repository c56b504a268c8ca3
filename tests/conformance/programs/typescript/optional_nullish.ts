interface Address { street?: { name?: string | null } }
const people: Record<string, Address | undefined> = { a: { street: { name: "Main" } }, b: {}, c: { street: { name: null } } };
for (const key of ["a", "b", "c", "d"]) console.log(key, people[key]?.street?.name ?? "unknown", people[key]?.street?.name?.length);
let counter: number | null = null;
counter ??= 5; counter! += 1;
const fns: { run?: () => string } = {};
console.log(counter, fns.run?.(), fns?.["run"], (people.a!.street!.name as string).toUpperCase());
