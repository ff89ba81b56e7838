//go:build race

package simplysocket_test

const raced = true
