import type { Address } from "./envelope.js";
import type { Body } from "./types.js";
import type { WaitOptions } from "./wait.js";
/** How to send a request. */
export interface RequestOptions extends WaitOptions {
    /** The room that the request belongs to. The request is not sent after the room has ended. */
    owner?: object | undefined;
    /**
     * Whether to queue the request even if the socket's options would reject it. Requests
     * that the client makes on its own must be queued.
     */
    skipLimits?: boolean;
}
/** Sends the messages of channels. */
export interface Sender {
    /** Sends a message as soon as possible and resolves with the body of the answer. */
    request(action: string, body: object, address: Address, options?: RequestOptions): Promise<Body>;
    /** Sends a message now or drops it. Returns whether it was sent. */
    post(action: string, body: object, address: Address): boolean;
}
