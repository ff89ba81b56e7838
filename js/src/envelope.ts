import type { Body, Gap, Message } from "./types.js";

/** An envelope from the server, key for key. */
export interface Envelope {
  action: string;
  message_body: Body;
  IsTargetClient: boolean;
  target: string;
  sender: string;
  ref?: number;
  re?: string;
  room?: string;
  seq?: number;
  n?: number;
  time?: number;
}

/** The target of a message: a room, or a client through a room. */
export interface Address {
  target: string;
  IsTargetClient?: true;
  room?: string;
}

/** The part of the server's `welcome` that this client uses. */
export interface ServerInfo {
  client: string;
  session: string;
  resumed: boolean;
  heartbeat: number;
  limits: Limits;
  features: unknown[];
}

/** The limits of a client; 0 means no limit. */
export interface Limits {
  message_bytes: number;
  messages_per_second: number;
  burst: number;
}

/** Encodes a message without an ID. */
export function encode(action: string, body: object, address?: Address): string {
  return JSON.stringify({ action, message_body: body, ...address });
}

/** Adds the ID, which is assigned when the message is sent. */
export function withID(text: string, id: number): string {
  return `${text.slice(0, -1)},"id":${id}}`;
}

/** Decodes a frame. Returns undefined for a frame that no server of this protocol sends. */
export function decode(data: unknown): Envelope | undefined {
  try {
    return parseEnvelope(JSON.parse(data as string));
  } catch {
    return undefined;
  }
}

const keyTypes: { [K in keyof Envelope]?: string } = {
  IsTargetClient: "boolean",
  target: "string",
  sender: "string",
  ref: "number",
  re: "string",
  room: "string",
  seq: "number",
  n: "number",
  time: "number",
};

/**
 * Converts a value to an envelope and drops keys of the wrong type. Returns undefined
 * if the value is not an envelope.
 */
export function parseEnvelope(value: unknown): Envelope | undefined {
  if (!isObject(value) || typeof value["action"] !== "string") return undefined;
  const body = value["message_body"] ?? {};
  if (!isObject(body)) return undefined;
  for (const [key, type] of Object.entries(keyTypes)) if (typeof value[key] !== type) delete value[key];
  return { IsTargetClient: false, target: "", sender: "", ...value, action: value["action"], message_body: body };
}

/** Returns the part of an envelope that the application sees. */
export function toMessage({ action, message_body, sender, IsTargetClient, seq, time }: Envelope): Message {
  return {
    action,
    body: message_body,
    sender,
    direct: IsTargetClient,
    ...(seq !== undefined && { seq }),
    ...(time !== undefined && { time }),
  };
}

/** Parses the body of `welcome`. Returns undefined if the client or the session is missing. */
export function parseWelcome({ client, session, resumed, heartbeat, limits, features }: Body): ServerInfo | undefined {
  if (typeof client !== "string" || typeof session !== "string") return undefined;
  const { message_bytes, messages_per_second, burst } = isObject(limits) ? limits : {};
  return {
    client,
    session,
    resumed: resumed === true,
    heartbeat: nonNegative(heartbeat),
    limits: {
      message_bytes: nonNegative(message_bytes),
      messages_per_second: nonNegative(messages_per_second),
      burst: nonNegative(burst),
    },
    features: Array.isArray(features) ? features : [],
  };
}

/** Parses the body of `gap`. */
export function parseGap(body: Body): Gap {
  const [epoch, from, to] = [body["epoch"], body["from"], body["to"]].map(asNumber);
  return { ...(epoch !== undefined && { epoch }), ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}

export function isObject(value: unknown): value is Body {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function asNumber(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function nonNegative(value: unknown): number {
  return Math.max(0, asNumber(value) ?? 0);
}
