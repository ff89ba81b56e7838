package main

import (
	"fmt"
	"runtime/debug"
)

// version is the version of the module, as recorded by the go command, and that of Go.
func version() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "simplysocket (unknown version)"
	}
	return fmt.Sprintf("simplysocket %s %s", build.Main.Version, build.GoVersion)
}
