console.log("Hello, World!");
console.log("a", 1, true, null, undefined, [1, 2], { x: 1 });
console.error("to stderr");
console.log("%s is %d years and %i days, %f, %j %o %%", "Bob", 42, 3.9, 1.5, { a: 1 }, [1]);
