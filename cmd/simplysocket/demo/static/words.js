// What errors and closes mean, in words for people.

const errors = {
  "bad-message": () => "The server did not understand this.",
  "too-large": () => "This is too long to send.",
  "unknown-room": (room) => `${room} does not exist any more.`,
  "room-exists": (room) => `${room} exists already. Join it from the list, or choose another name.`,
  "unknown-client": () => "This member has left.",
  "not-a-member": (room) => `You are not in ${room}.`,
  "room-full": (room, capacity) =>
    capacity ? `${room} is full: it has ${capacity === 1 ? "one place" : `${capacity} places`}.` : `${room} is full.`,
  "bad-name": () => "A name is made of letters, digits and . _ - / : @ without spaces.",
  "limit-exceeded": () => "You are in as many rooms as you may be. Leave one first.",
  "rate-limited": () => "That was too often. Wait a moment and try again.",
  busy: () => "The room has too much to do. Try again in a moment.",
  internal: () => "Something went wrong in the room.",
  "outcome-unknown": () => "The connection broke before the server confirmed this.",
  "queue-full": () => "Too much waits to be sent already.",
  closed: () => "You are disconnected.",
};

// explain says what an error means. For unknown codes, such as an
// application's own, it returns the server's text.
export function explain(error, room, capacity) {
  return Object.hasOwn(errors, error.code) ? errors[error.code](room, capacity) : error.message;
}

const closes = {
  1001: "The server is going away.",
  1011: "The server has a problem.",
  1012: "The server restarts.",
  4001: "You are not signed in.",
  4003: "The server has disconnected you.",
  4008: "The connection was too slow.",
  4009: "You are connected elsewhere.",
  4029: "You sent too much at once.",
};

export const explainClose = (code) => closes[code] ?? "The connection is lost.";
