process.on("exit", (code) => console.log("leaving with", code));
console.log("start");
setTimeout(() => console.log("never"), 1000);
process.exit(7);
