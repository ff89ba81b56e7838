import { type RoomError } from "./errors.js";
import type { Action, CallBody, Calls, Gap, Message, Receives, Reply, RoomTypes, Sends, Untyped } from "./types.js";
import { type WaitOptions } from "./wait.js";
/** What messages are sent to and received from: a room or, as the socket itself, the lobby. */
export declare class Channel<T extends RoomTypes<T> = Untyped> {
    #private;
    /** The channel's name on the wire; empty for the lobby. */
    protected readonly target: string;
    /**
     * Listens to the messages of one action. An action may have several listeners,
     * which are called in the order of their registration. Returns a function that
     * ends it.
     */
    on<K extends Action<Receives<T>>>(action: K, listener: (body: Receives<T>[K], message: Message<Receives<T>[K], K>) => void): () => void;
    /** Resolves with the next message of one action; rejects when this client leaves the room first. */
    once<K extends Action<Receives<T>>>(action: K, options?: WaitOptions): Promise<Message<Receives<T>[K], K>>;
    /** Listens to gaps. A gap comes before anything newer. */
    onGap(listener: (gap: Gap) => void): () => void;
    /** Listens to errors that belong to no promise: of `post`, and of returning to a room. */
    onError(listener: (error: RoomError) => void): () => void;
    /**
     * Sends a message. The promise resolves once the server has handled it. It
     * rejects with a `RoomError` if the server refused it, and with a
     * `ConnectionError` if it was not sent. A message that the options give up is
     * not sent if it still waits; otherwise the server may handle it.
     */
    send<K extends Action<Sends<T>>>(action: K, body: Sends<T>[K], options?: WaitOptions): Promise<void>;
    /** Sends a message as `send` does, and resolves with the reply of its handler. */
    call<K extends Action<Calls<T>>>(action: K, body: CallBody<Calls<T>[K]>, options?: WaitOptions): Promise<Reply<Calls<T>[K]>>;
    /**
     * Sends a message without asking for an answer: what may be lost, such as the
     * position of a cursor. It is dropped instead of kept waiting, as while the
     * client is offline. Returns whether it was sent. If the server refuses it,
     * `onError` says so, here or, where this client is not in the room, of the socket.
     */
    post<K extends Action<Sends<T>>>(action: K, body: Sends<T>[K]): boolean;
}
