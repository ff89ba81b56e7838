package client

import (
	"encoding/json"
	"fmt"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// keys are the keys of a body that belong to the protocol, and where their values go.
type keys map[string]any

// readKeys reads these keys of a body. They are matched exactly, unlike the fields of
// encoding/json: the application's own keys are in the same object and may differ only in
// case.
func readKeys(body json.RawMessage, known keys) error {
	for key, value := range protocol.Fields(body) {
		into := known[key]
		if into == nil {
			continue
		}
		if err := json.Unmarshal(value, into); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}
