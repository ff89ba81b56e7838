package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// fileMode is the permissions of a Unix socket's file: who may connect.
type fileMode uint32

// maxSocketPath is what every system accepts, with the 0 at its end.
const maxSocketPath = 104 - 1

// unixListener is a Unix socket that removes its file when it closes.
type unixListener struct {
	*net.UnixListener
	path string
	file fs.FileInfo // as it was created
}

// listenUnix listens on a Unix socket. A file that is in the way is removed if it is a
// socket that nobody listens on, such as one left by a killed server.
func listenUnix(path string, mode fs.FileMode) (net.Listener, error) {
	switch {
	case path == "" || strings.HasPrefix(path, "@"):
		return nil, usageError{errors.New("--addr unix: needs the path of a file, as in unix:/run/simplysocket.sock")}
	case len(path) > maxSocketPath:
		return nil, usageError{fmt.Errorf("--addr unix:%s: the path of a Unix socket may have at most %d bytes", path, maxSocketPath)}
	}
	path = filepath.Clean(path)
	defer lockDirectory(filepath.Dir(path))() // otherwise another server could remove ours as stale
	if err := removeStale(path); err != nil {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // Close first checks whose file it is
	file, err := os.Lstat(path)
	if err == nil {
		err = os.Chmod(path, mode)
	}
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	return &unixListener{UnixListener: l, path: path, file: file}, nil
}

// removeStale removes a socket that refuses connections. Any other result means that
// somebody uses it.
func removeStale(path string) error {
	file, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case file.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s is in the way: it is not a socket", path)
	}
	conn, err := net.Dial("unix", path)
	if err == nil {
		_ = conn.Close()
		return fmt.Errorf("a server listens on %s already", path)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%s is in the way: %w", path, err)
	}
	return os.Remove(path)
}

// Close removes the file first, while nobody can mistake it for a stale one, unless
// another server has its own there by now.
func (l *unixListener) Close() error {
	if now, err := os.Lstat(l.path); err == nil && os.SameFile(now, l.file) {
		_ = os.Remove(l.path) // if this fails, a later server finds it stale
	}
	return l.UnixListener.Close()
}
