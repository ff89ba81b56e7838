import type { Body, Member, MemberList, Presence } from "./types.js";
/** The members of a room, as far as the room tells them. */
export declare class Roster {
    #private;
    /** Slugs in joining order; another array after each change, also of a presence. */
    members: readonly string[];
    count: number;
    /** Whether members came or left without being named, so that only the count is right. */
    stale: boolean;
    presence(client: string): Presence | undefined;
    /** Takes a new list: the body of `joined-room` or of the answer to `list-members`. */
    replace(body: Body): void;
    /** Takes a client that joined; one that a newer list has is known already. */
    add(client: string, info: unknown): void;
    /** Takes a client that left. */
    remove(client: string): void;
    /** Takes news about members and returns those about members that are known. */
    update(clients: unknown): Member[];
    /** Takes the count of a room that is too large to announce its members. */
    setCount(count: unknown): void;
}
/** Reads a page of the list of members. */
export declare function parseMemberList(body: Body): MemberList;
