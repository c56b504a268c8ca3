process.exitCode = 3;
console.log("still running");
setTimeout(() => console.log("timers finish"), 5);
