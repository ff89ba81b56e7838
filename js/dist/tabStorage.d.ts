import type { SavedSession } from "./session.js";
/**
 * Hands a session from one page of a tab to the next. `sessionStorage` holds it only
 * between the two pages, so a duplicated tab finds no session and starts its own.
 */
export declare class TabStorage {
    #private;
    constructor(url: string);
    save(session: SavedSession | undefined): void;
    /** Removes and returns the session of the previous page, if there is one. */
    take(): SavedSession | undefined;
}
