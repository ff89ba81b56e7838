/** The content of a message: a JSON object. */
export type Body = Record<string, unknown>;

/** What the server sends, key for key. */
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

/** Where a message goes: a room, or a client by way of a room. */
export interface Address {
  target: string;
  IsTargetClient?: true;
  room?: string;
}

/** The body of `welcome`. */
export interface Welcome {
  client: string;
  session: string;
  resumed: boolean;
  heartbeat: number;
  limits?: Limits;
}

/** What a client may do, as far as this one heeds it. */
export interface Limits {
  message_bytes: number;
  messages_per_second: number;
  burst: number;
}

/** The text of a message without an id. */
export function encode(action: string, body: object, address?: Address): string {
  return JSON.stringify({ action, message_body: body, ...address });
}

/** Gives the text of a message its id, which it has only once it is sent. */
export function numbered(text: string, id: number): string {
  return `${text.slice(0, -1)},"id":${id}}`;
}

/** Reads what a server sent; undefined if no server of this protocol would. */
export function decode(data: unknown): Envelope | undefined {
  let value: Partial<Envelope> | null;
  try {
    value = JSON.parse(data as string);
  } catch {
    return undefined;
  }
  if (typeof value?.action !== "string") return undefined;
  value.message_body ??= {};
  value.target ??= "";
  value.IsTargetClient ??= false;
  return typeof value.message_body === "object" && !Array.isArray(value.message_body)
    ? (value as Envelope)
    : undefined;
}
