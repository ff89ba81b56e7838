package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/alecthomas/kong"
)

// configFile gives flags the values of a JSON object whose keys are the names of the
// flags. It implements [kong.Resolver].
type configFile map[string]json.RawMessage

// readConfig reads the file. A key that is not the name of a flag is an error.
func readConfig(path string, flags []*kong.Flag) (configFile, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file configFile
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, key := range slices.Sorted(maps.Keys(file)) {
		if !slices.ContainsFunc(flags, func(f *kong.Flag) bool { return f.Name == key && key != configFlag }) {
			return nil, fmt.Errorf("%s: unknown key %q", path, key)
		}
	}
	return file, nil
}

// configFlag is the name of the flag that names the file.
const configFlag = "config"

// Validate implements [kong.Resolver]; readConfig has validated already.
func (configFile) Validate(*kong.Application) error { return nil }

// Resolve implements [kong.Resolver]. It skips flags that are set in the environment,
// because kong would prefer the resolver.
func (file configFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	raw, ok := file[flag.Name]
	if !ok || slices.ContainsFunc(flag.Envs, isSet) {
		return nil, nil
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, err
	}
	if _, ok := value.(float64); ok {
		return string(raw), nil // the number's own text, since kong would round it
	}
	return value, nil
}

func isSet(variable string) bool {
	_, ok := os.LookupEnv(variable)
	return ok
}
