import type { Body, Member, MemberList, Presence } from "./types.js";
/** The members of a room, as far as the room reports them. */
export declare class Roster {
    #private;
    /**
     * Client IDs in the order of joining. Each change, including a change of presence,
     * creates a new array.
     */
    members: readonly string[];
    count: number;
    /** Whether members joined or left without an announcement, so that only the count is right. */
    stale: boolean;
    presence(client: string): Presence | undefined;
    /** Replaces the list with the body of `joined-room` or of the answer to `list-members`. */
    replace(body: Body): void;
    /** Adds a client that joined, unless a newer list has already included it. */
    add(client: string, info: unknown): void;
    /** Removes a client that left. */
    remove(client: string): void;
    /** Updates the presence of known members and returns those updates. */
    update(clients: unknown): Member[];
    /** Sets the count of a room that is too large to announce its members. */
    setCount(count: unknown): void;
}
/** Parses a page of the list of members. */
export declare function parseMemberList(body: Body): MemberList;
