import type { SavedSession } from "./session.js";
/**
 * Keeps a session while one page of a tab is replaced by the next. It is in
 * `sessionStorage` only in between, so that a tab that is duplicated has none and
 * begins its own.
 */
export declare class TabStorage {
    #private;
    constructor(url: string);
    save(session: SavedSession | undefined): void;
    /** Takes the session of the page before, if there is one. */
    take(): SavedSession | undefined;
}
