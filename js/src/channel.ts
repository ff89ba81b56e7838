import { type Address, type Envelope, parseGap, toMessage } from "./envelope.js";
import { type RoomError, roomError } from "./errors.js";
import { Listeners } from "./listeners.js";
import type { Sender } from "./sender.js";
import type { Action, Body, CallBody, Calls, Gap, Message, Receives, Reply, RoomTypes, Sends, Untyped } from "./types.js";
import { type WaitOptions, wait } from "./wait.js";

/** Sends and receives messages: a room or, as the socket itself, the lobby. */
export class Channel<T extends RoomTypes<T> = Untyped> {
  /** The channel's name on the wire; empty for the lobby. */
  protected readonly target: string;
  readonly #sender: Sender;
  readonly #messageListeners = new Map<string, Listeners<[Body, Message]>>();
  readonly #gapListeners = new Listeners<[Gap]>();
  readonly #errorListeners = new Listeners<[RoomError]>();
  readonly #endListeners = new Listeners<[Error]>();
  #ended: Error | undefined;

  /** @internal */
  constructor(sender: Sender, target: string) {
    this.#sender = sender;
    this.target = target;
  }

  /**
   * Registers a listener for one action. An action can have several listeners; they are
   * called in the order in which they were added. Returns a function that removes the
   * listener.
   */
  on<K extends Action<Receives<T>>>(
    action: K,
    listener: (body: Receives<T>[K], message: Message<Receives<T>[K], K>) => void,
  ): () => void {
    let listeners = this.#messageListeners.get(action);
    if (!listeners) this.#messageListeners.set(action, (listeners = new Listeners()));
    return this.listen(listeners, listener as (body: Body, message: Message) => void);
  }

  /** Resolves with the next message of one action. Rejects if the room or the socket ends first. */
  once<K extends Action<Receives<T>>>(action: K, options: WaitOptions = {}): Promise<Message<Receives<T>[K], K>> {
    return wait(options, (resolve, reject) => {
      if (this.#ended) throw this.#ended;
      const unsubscribes = [
        this.on(action, (_, message) => {
          unsubscribe();
          resolve(message);
        }),
        this.#endListeners.add(reject),
      ];
      const unsubscribe = () => {
        for (const remove of unsubscribes) remove();
      };
      return unsubscribe;
    });
  }

  /** Registers a listener for gaps. A gap is reported before any newer message. */
  onGap(listener: (gap: Gap) => void): () => void {
    return this.listen(this.#gapListeners, listener);
  }

  /**
   * Registers a listener for errors that no promise reports: errors of `post`, and
   * errors when rejoining a room.
   */
  onError(listener: (error: RoomError) => void): () => void {
    return this.listen(this.#errorListeners, listener);
  }

  /**
   * Sends a message. Resolves when the server has handled it. Rejects with a
   * `RoomError` if the server refuses the message, and with a `ConnectionError` if the
   * message was not sent. If the options cancel a message that is still queued, it is
   * not sent; otherwise the server may still handle it.
   */
  async send<K extends Action<Sends<T>>>(action: K, body: Sends<T>[K], options?: WaitOptions): Promise<void> {
    await this.request(action, body as object, options);
  }

  /** Sends a message like `send`, and resolves with the reply of its handler. */
  async call<K extends Action<Calls<T>>>(
    action: K,
    body: CallBody<Calls<T>[K]>,
    options?: WaitOptions,
  ): Promise<Reply<Calls<T>[K]>> {
    return (await this.request(action, body as object, options)) as Reply<Calls<T>[K]>;
  }

  /**
   * Sends a message without asking for an answer. Use it for messages that may be lost,
   * such as cursor positions. The message is dropped if it would have to wait, for
   * example while the client is offline. Returns whether it was sent. Throws a
   * `RoomError` if it is too large for the server. If the server refuses the message,
   * `onError` reports the error: on this room or, if this client is not in the room, on
   * the socket.
   */
  post<K extends Action<Sends<T>>>(action: K, body: Sends<T>[K]): boolean {
    return !this.#ended && this.#sender.post(action, body as object, { target: this.target });
  }

  /** @internal */
  async request(action: string, body: object, options: WaitOptions & { skipLimits?: boolean } = {}, address?: Address): Promise<Body> {
    if (this.#ended) throw this.#ended;
    return this.#sender.request(action, body, address ?? { target: this.target }, { ...options, owner: this });
  }

  /** @internal */
  receive(envelope: Envelope): void {
    const { action, message_body: body } = envelope;
    if (action === "gap") this.reportGap(parseGap(body));
    else if (action === "error") this.reportError(roomError(body));
    else this.#messageListeners.get(action)?.emit(body, toMessage(envelope));
  }

  /** @internal */
  reportGap(gap: Gap): void {
    this.#gapListeners.emit(gap);
  }

  /** @internal */
  reportError(error: RoomError): void {
    this.#errorListeners.emit(error);
  }

  /**
   * @internal Ends the channel: its methods reject with the error, and its listeners
   * are not called again.
   */
  finish(error: Error): void {
    this.#ended = error;
    this.#messageListeners.clear();
    this.#gapListeners.clear();
    this.#errorListeners.clear();
    this.#endListeners.emit(error);
    this.#endListeners.clear();
  }

  /** @internal */
  protected listen<Args extends unknown[]>(listeners: Listeners<Args>, listener: (...args: Args) => void): () => void {
    return this.#ended ? () => {} : listeners.add(listener);
  }
}
