//go:build race

package speed

const raced = true
