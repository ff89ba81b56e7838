package main

import (
	"net/http"
	"runtime/debug"
)

// candidate is a library, or a way to use it, that does the job.
type candidate struct {
	name    string
	library string // module path
	differs string // from the others, for readers of the results
	serve   func(config) (http.Handler, error)
}

var candidates = []candidate{
	gorilla,
	gorillaPrepared,
	coder,
	gwsBroadcast,
	gobwas,
	melodySessions,
	centrifugeDefault,
	centrifugeTuned,
}

func find(name string) (candidate, bool) {
	for _, c := range candidates {
		if c.name == name {
			return c, true
		}
	}
	return candidate{}, false
}

// description is what a candidate says about itself.
type description struct {
	Name    string `json:"name"`
	Library string `json:"library"`
	Version string `json:"version"`
	Differs string `json:"differs"`
}

func (c candidate) describe() description {
	return description{Name: c.name, Library: c.library, Version: version(c.library), Differs: c.differs}
}

// version is the version of a module in this build.
func version(module string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, dep := range info.Deps {
		if dep.Path == module {
			return dep.Version
		}
	}
	return ""
}
