import type { SavedSession } from "./session.js";

/**
 * Hands a session from one page of a tab to the next. `sessionStorage` holds it only
 * between the two pages, so a duplicated tab finds no session and starts its own.
 */
export class TabStorage {
  readonly #key: string;

  constructor(url: string) {
    this.#key = `simplysocket ${url}`;
  }

  save(session: SavedSession | undefined): void {
    if (!session) return;
    try {
      sessionStorage.setItem(this.#key, JSON.stringify(session));
    } catch {
      // There is no storage, or it is full. The next page starts a new session.
    }
  }

  /** Removes and returns the session of the previous page, if there is one. */
  take(): SavedSession | undefined {
    try {
      const text = sessionStorage.getItem(this.#key);
      sessionStorage.removeItem(this.#key);
      const saved = JSON.parse(text ?? "null") as SavedSession | null;
      return typeof saved?.token === "string" && Array.isArray(saved.rooms) ? saved : undefined;
    } catch {
      return undefined;
    }
  }
}
