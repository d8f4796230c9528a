// snippet: room
export class Room {
  constructor(room_type, room_id, { onEvent, onStale }) {
    this.name = `${room_type}:${room_id.toLowerCase()}`;
    this.place = { room_type, room_id };
    this.onEvent = onEvent; // something happened
    this.onStale = onStale; // something was missed: read the lists again
    this.seq = undefined; // the event up to which nothing is missing
    this.epoch = undefined; // of that number: after a restore others are given
    this.heard = new Set(); // ids
    this.ahead = new Set(); // numbers behind a gap
  }

  // The body of `join_room`. Without `since`, the first time, the server tells what is still open.
  get wish() {
    return { ...this.place, since: this.seq, epoch: this.epoch };
  }

  joined({ epoch, seq, recovered }) {
    if (this.epoch && epoch !== this.epoch) this.ahead.clear();
    this.epoch = epoch;
    this.seq = recovered ? Math.max(seq, this.seq) : seq;
    this.advance();
    if (!recovered) this.onStale();
  }

  hear(event, data, { id, seq }) {
    this.ahead.add(seq);
    this.advance();
    if (this.heard.has(id)) return; // it came before
    this.heard.add(id);
    this.onEvent(event, data);
  }

  // Whether the positions in a `pong` say that something is missing here, or that the room is not joined.
  isBehind(positions) {
    const position = positions.find(({ room }) => room === this.name);
    return !position || position.epoch !== this.epoch || !(position.seq <= this.seq);
  }

  advance() {
    if (this.seq === undefined) return;
    while (this.ahead.has(this.seq + 1)) this.seq++;
    this.ahead.forEach((seq) => seq <= this.seq && this.ahead.delete(seq));
  }
}
// end
