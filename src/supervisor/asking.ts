/** What a command needs that asks a running supervisor, and nothing of what a supervisor needs: it is to be there at once. */
export { askPlace, askRoll } from "./ask-place.ts";
export { askStatus, askStop } from "./ask.ts";
export type { HostStatus, Status, Wish } from "./control.ts";
export { type LogEntry, Logs } from "./read-logs.ts";
export { State } from "./state.ts";
