package recording

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Extension is what the names of recordings in a folder end with.
const Extension = ".ssrec"

// Writer returns a sink that writes to w and does not close it.
func Writer(w io.Writer) Sink { return plainSink{w} }

type plainSink struct{ io.Writer }

func (plainSink) Begin() error { return nil }
func (plainSink) Close() error { return nil }

// Folder keeps the recordings of many rooms, each segment in a file of its own, and removes
// the oldest. It may be used concurrently.
type Folder struct {
	path     string
	segments int   // that are kept of a room
	bytes    int64 // that are kept in all

	mu    sync.Mutex
	read  bool    // what was there before is in files
	files []*file // oldest first
	total int64
}

// file is a segment in a folder.
type file struct {
	name   string
	room   string // as it stands in the name
	number uint64
	size   int64
	open   bool
}

// NewFolder returns the folder at a path, which is made when it is needed.
func NewFolder(path string, segments int, bytes int64) *Folder {
	return &Folder{path: path, segments: segments, bytes: bytes}
}

// Sink returns the sink of a room.
func (f *Folder) Sink(room string) Sink { return &folderSink{folder: f, room: fileName(room)} }

type folderSink struct {
	folder *Folder
	room   string
	file   *file
	f      *os.File
}

// Begin begins the next file.
func (s *folderSink) Begin() (err error) {
	if err := s.Close(); err != nil {
		return err
	}
	s.file, s.f, err = s.folder.create(s.room)
	return err
}

func (s *folderSink) Write(b []byte) (int, error) {
	if s.f == nil {
		return 0, errors.New("no segment has begun")
	}
	n, err := s.f.Write(b)
	s.folder.grow(s.file, int64(n))
	return n, err
}

// Close closes the file at hand.
func (s *folderSink) Close() error {
	if s.f == nil {
		return nil
	}
	s.folder.leave(s.file)
	f := s.f
	s.f, s.file = nil, nil
	return f.Close()
}

// create makes the next file of a room.
func (f *Folder) create(room string) (*file, *os.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.look(); err != nil {
		return nil, nil, err
	}
	number := uint64(1)
	for _, held := range f.files {
		if held.room == room {
			number = max(number, held.number+1)
		}
	}
	for ; ; number++ {
		name := fmt.Sprintf("%s-%08d%s", room, number, Extension)
		opened, err := os.OpenFile(filepath.Join(f.path, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the name of a room holds no separator
		switch {
		case errors.Is(err, fs.ErrExist): // of another process
		case err != nil:
			return nil, nil, err
		default:
			made := &file{name: name, room: room, number: number, open: true}
			f.files = append(f.files, made)
			f.shrink(room)
			return made, opened, nil
		}
	}
}

// look finds what is in the folder.
func (f *Folder) look() error {
	if f.read {
		return nil
	}
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		return err
	}
	found, err := os.ReadDir(f.path)
	if err != nil {
		return err
	}
	age := map[*file]int64{}
	for _, entry := range found {
		room, number, ok := splitName(entry.Name())
		info, err := entry.Info()
		if !ok || err != nil || !info.Mode().IsRegular() {
			continue
		}
		held := &file{name: entry.Name(), room: room, number: number, size: info.Size()}
		age[held] = info.ModTime().UnixNano()
		f.files = append(f.files, held)
		f.total += held.size
	}
	slices.SortFunc(f.files, func(a, b *file) int {
		return cmp.Or(cmp.Compare(age[a], age[b]), cmp.Compare(a.room, b.room), cmp.Compare(a.number, b.number))
	})
	f.read = true
	return nil
}

// shrink removes the oldest files of a room, and of all, that are too many.
func (f *Folder) shrink(room string) {
	ofRoom := 0
	for _, held := range f.files {
		if held.room == room {
			ofRoom++
		}
	}
	f.files = slices.DeleteFunc(f.files, func(held *file) bool {
		tooMany := held.room == room && ofRoom > f.segments
		if held.open || !tooMany && f.total <= f.bytes {
			return false
		}
		_ = os.Remove(filepath.Join(f.path, held.name)) // it may be gone
		f.total -= held.size
		if held.room == room {
			ofRoom--
		}
		return true
	})
}

func (f *Folder) grow(held *file, n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	held.size += n
	f.total += n
}

func (f *Folder) leave(held *file) {
	f.mu.Lock()
	defer f.mu.Unlock()
	held.open = false
}

// fileName returns the name of a room as a file can have it. No room has the characters that
// stand for others.
func fileName(room string) string { return strings.NewReplacer("/", "~", ":", "+").Replace(room) }

// splitName splits the name of a file.
func splitName(name string) (room string, number uint64, ok bool) {
	name, ok = strings.CutSuffix(name, Extension)
	i := strings.LastIndexByte(name, '-')
	if !ok || i < 0 {
		return "", 0, false
	}
	number, err := strconv.ParseUint(name[i+1:], 10, 64)
	return name[:i], number, err == nil
}

// Files returns the files of a folder by room, the segments of each in their order.
func Files(path string) (rooms [][]string, err error) {
	f := NewFolder(path, 0, 0)
	found, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	for _, entry := range found {
		if room, number, ok := splitName(entry.Name()); ok && entry.Type().IsRegular() {
			f.files = append(f.files, &file{name: entry.Name(), room: room, number: number})
		}
	}
	slices.SortFunc(f.files, func(a, b *file) int {
		return cmp.Or(cmp.Compare(a.room, b.room), cmp.Compare(a.number, b.number))
	})
	for i, held := range f.files {
		if i == 0 || f.files[i-1].room != held.room {
			rooms = append(rooms, nil)
		}
		last := &rooms[len(rooms)-1]
		*last = append(*last, filepath.Join(path, held.name))
	}
	return rooms, nil
}
