const order = [];
const t = setInterval(() => { order.push("i"); if (order.filter((x) => x === "i").length === 3) { clearInterval(t); console.log(order.join("")); } }, 4);
setTimeout(() => order.push("a"), 1);
clearTimeout(setTimeout(() => order.push("never"), 1));
setTimeout((x, y) => console.log("args", x, y), 0, 1, 2);
const started = performance.now();
setTimeout(() => console.log(performance.now() - started >= 9, Date.now() > 1.7e12), 10);
console.log(typeof t, typeof setTimeout);
