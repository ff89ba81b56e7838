import type { Body, Envelope } from "./envelope.js";
import { type RoomError, roomError } from "./errors.js";
import { Listeners } from "./listeners.js";
import type { Session } from "./session.js";

/** A map of actions to the bodies of their messages, as an interface or a type. */
export type Actions<A> = { [K in keyof A]: object };

/** A map of actions to functions from the body of a call to that of its reply. */
export type Calls<C> = { [K in keyof C]: (body: never) => object };

/** Any action with any body. */
export type AnyActions = Record<string, Body>;

/** Any call with any reply. */
export type AnyCalls = Record<string, (body: Body) => Body>;

/** A message that was received. */
export interface Message<B = Body> {
  action: string;
  body: B;
  /** The slug of the client it comes from, or the server's name. */
  sender: string;
  /** Whether it was sent to this client alone. */
  direct: boolean;
  /** Its position in the room's output; positions may have holes. */
  seq?: number;
  /** Unix milliseconds, where the room stamps its messages. */
  time?: number;
}

/**
 * Messages that are lost to this client: fetch the state they were about anew.
 * Without `from` and `to`, nothing since the last message can be relied on.
 */
export interface Gap {
  /** The opening of the room that `from` and `to` count in. */
  epoch?: number;
  /** The first position that is lost. */
  from?: number;
  /** The last position that is lost. */
  to?: number;
}

/** What messages are sent to and received from: a room or, as the socket itself, the lobby. */
export class Channel<A extends Actions<A> = AnyActions, C extends Calls<C> = AnyCalls> {
  /** The channel's name on the wire; empty for the lobby. */
  protected readonly target: string;
  /** @internal */
  protected readonly session: Session;
  readonly #messages = new Map<string, Listeners<[Body, Message]>>();
  readonly #gaps = new Listeners<[Gap]>();
  readonly #errors = new Listeners<[RoomError]>();

  /** @internal */
  constructor(session: Session, target: string) {
    this.session = session;
    this.target = target;
  }

  /** Listens to the messages of one action. Returns what ends it. */
  on<K extends keyof A & string>(action: K, listener: (body: A[K], message: Message<A[K]>) => void): () => void {
    let listeners = this.#messages.get(action);
    if (!listeners) this.#messages.set(action, (listeners = new Listeners()));
    // The types are what the application says that they are.
    return listeners.add(listener as unknown as (body: Body, message: Message) => void);
  }

  /** Listens to gaps: what was lost is told before anything newer is delivered. */
  onGap(listener: (gap: Gap) => void): () => void {
    return this.#gaps.add(listener);
  }

  /** Listens to errors that belong to no promise: of `post`, and of returning to a room. */
  onError(listener: (error: RoomError) => void): () => void {
    return this.#errors.add(listener);
  }

  /**
   * Sends a message. The promise resolves once the server has handled it, and
   * rejects with a `RoomError` if it was not, with a `ConnectionError` if it was
   * not even sent.
   */
  async send<K extends keyof A & string>(action: K, body: A[K]): Promise<void> {
    await this.request(action, body);
  }

  /** Sends a message and resolves with the reply of its handler. */
  async call<K extends keyof C & string>(action: K, body: Parameters<C[K]>[0]): Promise<ReturnType<C[K]>> {
    return (await this.request(action, body)) as ReturnType<C[K]>;
  }

  /**
   * Sends a message that may be lost, such as the position of a cursor: it is
   * dropped rather than kept waiting. Returns whether it went out. What the server
   * says against it comes to `onError`, here or, if this client is not in the room,
   * of the socket.
   */
  post<K extends keyof A & string>(action: K, body: A[K]): boolean {
    return this.session.post(action, body, { target: this.target });
  }

  /** @internal */
  request(action: string, body: object): Promise<Body> {
    return this.session.request(action, body, { target: this.target });
  }

  /** @internal */
  receive(envelope: Envelope): void {
    const { action, message_body: body } = envelope;
    if (action === "gap") this.gap(body);
    else if (action === "error") this.fail(roomError(body));
    else this.#messages.get(action)?.call(body, message(envelope));
  }

  /** @internal */
  gap(gap: Gap): void {
    this.#gaps.call(gap);
  }

  /** @internal */
  fail(error: RoomError): void {
    this.#errors.call(error);
  }
}

/** What the application gets of an envelope. */
export function message({ action, message_body, sender, IsTargetClient, seq, time }: Envelope): Message {
  return {
    action,
    body: message_body,
    sender,
    direct: IsTargetClient,
    ...(seq !== undefined && { seq }),
    ...(time !== undefined && { time }),
  };
}
