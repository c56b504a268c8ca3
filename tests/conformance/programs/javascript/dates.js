const d = new Date(Date.UTC(2024, 1, 29, 13, 5, 9, 7));
console.log(d.toISOString(), d.getTime(), d.getUTCDay(), JSON.stringify(d), d.toJSON(), d.valueOf() === +d, typeof Date.now());
console.log(new Date("2024-03-10T10:00:00Z").toISOString(), new Date("2024-03-10").getTime(), new Date("nope").getTime(), String(new Date(NaN)), Date.parse("2024-01-01T00:00:00+02:00"));
d.setUTCMonth(d.getUTCMonth() + 12); console.log(d.toISOString().slice(0, 10), new Date(2024, 0, 31).getDate(), new Date(0).getTimezoneOffset(), new Date(2020, 5).getMonth());
console.log(new Date(0).toUTCString(), new Date(0).toString(), new Date(0).toDateString(), new Date(8.64e15 + 1).getTime(), (new Date(86400000) - new Date(0)) / 36e5);
const days = (a, b) => Math.round((new Date(b) - new Date(a)) / 864e5); console.log(days("2024-01-01", "2024-12-25"), [0, 6].includes(new Date("2024-06-01").getUTCDay()));
try { new Date(NaN).toISOString(); } catch (e) { console.log(e.name, e.message); }
console.log(d, [d], { d });
