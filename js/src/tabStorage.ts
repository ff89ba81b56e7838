import type { SavedSession } from "./session.js";

/**
 * Keeps a session while one page of a tab is replaced by the next. It is in
 * `sessionStorage` only in between, so that a tab that is duplicated has none and
 * begins its own.
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
      // There is no storage, or no place in it: the next page begins a new session.
    }
  }

  /** Takes the session of the page before, if there is one. */
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
