import { type RoomError } from "./errors.js";
import type { Action, CallBody, Calls, Gap, Message, Receives, Reply, RoomTypes, Sends, Untyped } from "./types.js";
import { type WaitOptions } from "./wait.js";
/** Sends and receives messages: a room or, as the socket itself, the lobby. */
export declare class Channel<T extends RoomTypes<T> = Untyped> {
    #private;
    /** The channel's name on the wire; empty for the lobby. */
    protected readonly target: string;
    /**
     * Registers a listener for one action. An action can have several listeners; they are
     * called in the order in which they were added. Returns a function that removes the
     * listener.
     */
    on<K extends Action<Receives<T>>>(action: K, listener: (body: Receives<T>[K], message: Message<Receives<T>[K], K>) => void): () => void;
    /** Resolves with the next message of one action. Rejects if the room or the socket ends first. */
    once<K extends Action<Receives<T>>>(action: K, options?: WaitOptions): Promise<Message<Receives<T>[K], K>>;
    /** Registers a listener for gaps. A gap is reported before any newer message. */
    onGap(listener: (gap: Gap) => void): () => void;
    /**
     * Registers a listener for errors that no promise reports: errors of `post`, and
     * errors when rejoining a room.
     */
    onError(listener: (error: RoomError) => void): () => void;
    /**
     * Sends a message. Resolves when the server has handled it. Rejects with a
     * `RoomError` if the server refuses the message, and with a `ConnectionError` if the
     * message was not sent. If the options cancel a message that is still queued, it is
     * not sent; otherwise the server may still handle it.
     */
    send<K extends Action<Sends<T>>>(action: K, body: Sends<T>[K], options?: WaitOptions): Promise<void>;
    /** Sends a message like `send`, and resolves with the reply of its handler. */
    call<K extends Action<Calls<T>>>(action: K, body: CallBody<Calls<T>[K]>, options?: WaitOptions): Promise<Reply<Calls<T>[K]>>;
    /**
     * Sends a message without asking for an answer. Use it for messages that may be lost,
     * such as cursor positions. The message is dropped if it would have to wait, for
     * example while the client is offline. Returns whether it was sent. Throws a
     * `RoomError` if it is too large for the server. If the server refuses the message,
     * `onError` reports the error: on this room or, if this client is not in the room, on
     * the socket.
     */
    post<K extends Action<Sends<T>>>(action: K, body: Sends<T>[K]): boolean;
}
