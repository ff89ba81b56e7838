import { asNumber, isObject } from "./envelope.js";
import type { Body, Member, MemberList, Presence } from "./types.js";

/** The members of a room, as far as the room reports them. */
export class Roster {
  /**
   * Client IDs in the order of joining. Each change, including a change of presence,
   * creates a new array.
   */
  members: readonly string[] = [];
  count = 0;
  /** Whether members joined or left without an announcement, so that only the count is right. */
  stale = false;
  #complete = true; // whether `members` lists every member
  #presence = new Map<string, Presence>();

  presence(client: string): Presence | undefined {
    return this.#presence.get(client);
  }

  /** Replaces the list with the body of `joined-room` or of the answer to `list-members`. */
  replace(body: Body): void {
    const { members, count, next } = parseMemberList(body);
    this.#presence = new Map(members.map(({ client, ...presence }) => [client, presence]));
    this.members = members.map(({ client }) => client);
    this.count = count;
    this.#complete = next === undefined;
    this.stale = false;
  }

  /** Adds a client that joined, unless a newer list has already included it. */
  add(client: string, info: unknown): void {
    if (this.#presence.has(client)) return;
    this.#presence.set(client, parsePresence({ info }));
    this.members = [...this.members, client];
    this.count++;
  }

  /** Removes a client that left. */
  remove(client: string): void {
    const known = this.#presence.delete(client);
    if (known) this.members = this.members.filter((member) => member !== client);
    if (known || !this.#complete) this.count--;
  }

  /** Updates the presence of known members and returns those updates. */
  update(clients: unknown): Member[] {
    const known = parseMembers(clients).filter(({ client }) => this.#presence.has(client));
    for (const { client, ...presence } of known) this.#presence.set(client, presence);
    this.members = [...this.members];
    return known;
  }

  /** Sets the count of a room that is too large to announce its members. */
  setCount(count: unknown): void {
    this.count = asNumber(count) ?? this.count;
    this.stale = true;
    this.#complete = false;
  }
}

/** Parses a page of the list of members. */
export function parseMemberList(body: Body): MemberList {
  const members = parseMembers(body["members"]);
  const next = asNumber(body["next"]);
  return { members, count: asNumber(body["count"]) ?? members.length, ...(next !== undefined && { next }) };
}

function parseMembers(value: unknown): Member[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item) =>
    isObject(item) && typeof item["client"] === "string" ? [{ client: item["client"], ...parsePresence(item) }] : [],
  );
}

function parsePresence({ state, info }: Body): Presence {
  return { state: state === "away" ? "away" : "online", ...(isObject(info) && { info }) };
}
