type State = "idle" | "loading" | "done" | "failed";
type Event = { type: "start" } | { type: "finish"; data: string } | { type: "fail"; error: Error };
const transitions: { [S in State]?: Partial<Record<Event["type"], State>> } = { idle: { start: "loading" }, loading: { finish: "done", fail: "failed" } };
class Machine {
  private history: State[] = [];
  constructor(private state: State = "idle") {}
  send(event: Event): State { const next = transitions[this.state]?.[event.type]; if (!next) throw new Error(`${event.type} is not possible in ${this.state}`); this.history.push(this.state); return (this.state = next); }
  toString(): string { return [...this.history, this.state].join(" > "); }
}
const m = new Machine();
console.log(m.send({ type: "start" }), m.send({ type: "finish", data: "x" }), `${m}`);
try { m.send({ type: "start" }); } catch (e) { console.log((e as Error).message); }
