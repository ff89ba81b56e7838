import type { Address } from "./envelope.js";
import type { Body } from "./types.js";
import type { WaitOptions } from "./wait.js";

/** How a request is sent. */
export interface RequestOptions extends WaitOptions {
  /** The room that the request belongs to: it is not sent once the room has ended. */
  owner?: object | undefined;
  /** Whether it waits for a connection whatever the socket's options say, as what the client does by itself must. */
  skipLimits?: boolean;
}

/** What sends the messages of channels. */
export interface Sender {
  /** Sends a message as soon as possible, and resolves with the body of the answer. */
  request(action: string, body: object, address: Address, options?: RequestOptions): Promise<Body>;
  /** Sends a message now or not at all, and says which. */
  post(action: string, body: object, address: Address): boolean;
}
