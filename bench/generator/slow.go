//go:build linux

package generator

import (
	"errors"
	"io"

	"golang.org/x/sys/unix"

	"github.com/DhruvikDonga/simplysocket/bench/kernel"
)

// Drain implements [Generator.Drain].
func (c *Clients) Drain(index int, d *Drained) error {
	p := c.sets[index].clients[0]
	for p.code == 0 {
		if err := kernel.AwaitInput(p.fd, silence); err != nil {
			break // it was not closed
		}
		err := p.read(c.buf[:])
		if errors.Is(err, io.EOF) || errors.Is(err, unix.ECONNRESET) {
			break
		}
		if err != nil {
			return err
		}
	}
	*d = Drained{Messages: p.heard, Code: p.code}
	return nil
}
