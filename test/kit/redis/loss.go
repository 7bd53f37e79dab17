package redis

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A server with "appendonly yes" that is killed keeps what it has handed to
// the operating system: nearly all it has answered, as "appendfsync everysec"
// holds writes back while earlier ones are synced. A machine that loses power
// loses what was not yet synced, up to two seconds of writes with "everysec".
// What follows is for tests that want that.

// Mark is how far a server's append-only file was written.
type Mark struct {
	file string
	size int64
}

// Mark returns how far the append-only file is written. The server must not
// rewrite that file ("auto-aof-rewrite-percentage 0").
func (s *Server) Mark(t testing.TB) Mark {
	t.Helper()
	m := Mark{file: s.appended(t)}
	if info, err := os.Stat(m.file); err == nil {
		m.size = info.Size()
	}
	return m
}

// Lose kills the server and takes away what it has written since the mark.
// Restart brings it back without. It returns false when nothing is lost,
// because the server has begun another file since: a replica does when it
// is filled anew.
func (s *Server) Lose(t testing.TB, since Mark) bool {
	t.Helper()
	s.kill()
	if since.file != s.appended(t) {
		return false
	}
	if err := os.Truncate(since.file, since.size); err != nil {
		t.Fatalf("losing writes: %v", err)
	}
	return true
}

// appended is the newest part of the append-only file, the one that grows.
func (s *Server) appended(t testing.TB) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(s.folder, "appendonlydir", "*.incr.aof"))
	if err != nil || len(found) == 0 {
		t.Fatalf("looking for the append-only file: %q, %v", found, err)
	}
	age := func(name string) int {
		info, err := os.Stat(name)
		if err != nil {
			return 0
		}
		return int(info.ModTime().UnixNano())
	}
	return slices.MaxFunc(found, func(a, b string) int { return age(a) - age(b) })
}
