process.on("uncaughtException", (error) => { console.log("handled:", error.message); });
setTimeout(() => { throw new Error("late"); }, 1);
setTimeout(() => console.log("goes on"), 10);
