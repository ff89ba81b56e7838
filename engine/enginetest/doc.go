// Package enginetest tests what keeps rooms, and what relies on it.
//
// [Run] is the conformance suite: every engine passes it. [Memory] is an engine in memory
// for tests of a host. It delays, fences, forgets and crashes, by a seed: the same calls
// meet the same faults.
package enginetest
