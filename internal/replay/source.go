package replay

import (
	"bufio"
	"fmt"
	"io"
	"os"

	"github.com/DhruvikDonga/simplysocket/internal/recording"
	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// Source is a recording of one room, in one file or in several.
type Source []string

// Sources returns the recordings at a path: that in a file, or those in a folder, each of
// another room.
func Sources(path string) ([]Source, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.IsDir():
		return []Source{{path}}, nil
	}
	rooms, err := recording.Files(path)
	if err != nil {
		return nil, err
	}
	sources := make([]Source, len(rooms))
	for i := range rooms {
		sources[i] = rooms[i]
	}
	if len(sources) == 0 {
		return nil, fmt.Errorf("no recordings in %s", path)
	}
	return sources, nil
}

// Open returns a reader of all files.
func (s Source) Open() (io.ReadCloser, error) {
	all := &files{}
	readers := make([]io.Reader, 0, len(s))
	for _, name := range s {
		f, err := os.Open(name) //nolint:gosec // the caller says what is read
		if err != nil {
			_ = all.Close()
			return nil, err
		}
		all.open = append(all.open, f)
		readers = append(readers, f)
	}
	all.Reader = bufio.NewReaderSize(io.MultiReader(readers...), 64<<10)
	return all, nil
}

type files struct {
	io.Reader
	open []*os.File
}

func (f *files) Close() error {
	for _, one := range f.open {
		_ = one.Close() // it was read alone
	}
	return nil
}

// Config returns what the room has opened with.
func (s Source) Config() (*room.Config, error) {
	r, err := s.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	segment, err := recording.NewReader(r).Next()
	switch {
	case err == io.EOF: //nolint:errorlint // it is not wrapped
		return nil, fmt.Errorf("%s is empty", s[0])
	case err != nil:
		return nil, err
	case segment.Opening != nil:
		return &segment.Opening.Config, nil
	}
	image, err := room.ReadSnapshot(segment.Snapshot)
	if err != nil {
		return nil, err
	}
	return image.Config(), nil
}

// Replay is [Run] for a source.
func (s Source) Replay(srv any, o Options) (*Report, error) {
	r, err := s.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return Run(srv, r, o)
}
