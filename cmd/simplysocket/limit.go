package main

import "github.com/DhruvikDonga/simplysocket"

// limit is a limit; 0 means no limit. In
// [simplysocket.Options] 0 is the default instead.
type limit uint

func (l limit) option() int {
	if l == 0 || l > simplysocket.Unlimited {
		return simplysocket.Unlimited
	}
	return int(l)
}
