package redis

import (
	"os"
	"path/filepath"
	"testing"
)

// A server with "appendonly yes" that is killed keeps all it has answered,
// as its writes are in the hands of the operating system. A machine that
// loses power loses what was not yet synced, up to two seconds of writes
// with "appendfsync everysec". What follows is for tests that want that.

// Written returns how far the append-only file is written. The server must
// not rewrite that file ("auto-aof-rewrite-percentage 0").
func (s *Server) Written(t testing.TB) int64 {
	t.Helper()
	info, err := os.Stat(s.appended(t))
	if err != nil {
		t.Fatalf("looking at the append-only file: %v", err)
	}
	return info.Size()
}

// Lose kills the server and takes away what it has written since Written
// returned this. Restart brings it back without.
func (s *Server) Lose(t testing.TB, since int64) {
	t.Helper()
	s.kill()
	if err := os.Truncate(s.appended(t), since); err != nil {
		t.Fatalf("losing writes: %v", err)
	}
}

// appended is the part of the append-only file that grows.
func (s *Server) appended(t testing.TB) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(s.folder, "appendonlydir", "*.incr.aof"))
	if err != nil || len(found) != 1 {
		t.Fatalf("looking for the append-only file: %q, %v", found, err)
	}
	return found[0]
}
