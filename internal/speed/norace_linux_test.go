//go:build !race

package speed

const raced = false
