import { isObject, asNumber } from "./envelope.js";
import type { Body, Member, MemberList, Presence } from "./types.js";

/** The members of a room, as far as the room tells them. */
export class Roster {
  /** Slugs in joining order; another array after each change, also of a presence. */
  members: readonly string[] = [];
  count = 0;
  /** Whether members came or left without being named, so that only the count is right. */
  stale = false;
  #complete = true; // `members` are all
  #presence = new Map<string, Presence>();

  presence(client: string): Presence | undefined {
    return this.#presence.get(client);
  }

  /** Takes a new list: the body of `joined-room` or of the answer to `list-members`. */
  replace(body: Body): void {
    const { members, count, next } = parseMemberList(body);
    this.#presence = new Map(members.map(({ client, ...presence }) => [client, presence]));
    this.members = members.map(({ client }) => client);
    this.count = count;
    this.#complete = next === undefined;
    this.stale = false;
  }

  /** Takes a client that joined; one that a newer list has is known already. */
  add(client: string, info: unknown): void {
    if (this.#presence.has(client)) return;
    this.#presence.set(client, parsePresence({ info }));
    this.members = [...this.members, client];
    this.count++;
  }

  /** Takes a client that left. */
  remove(client: string): void {
    const known = this.#presence.delete(client);
    if (known) this.members = this.members.filter((member) => member !== client);
    if (known || !this.#complete) this.count--;
  }

  /** Takes news about members and returns those about members that are known. */
  update(clients: unknown): Member[] {
    const known = parseMembers(clients).filter(({ client }) => this.#presence.has(client));
    for (const { client, ...presence } of known) this.#presence.set(client, presence);
    this.members = [...this.members];
    return known;
  }

  /** Takes the count of a room that is too large to announce its members. */
  setCount(count: unknown): void {
    this.count = asNumber(count) ?? this.count;
    this.stale = true;
    this.#complete = false;
  }
}

/** Reads a page of the list of members. */
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
