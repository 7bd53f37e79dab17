package duckdb_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"muster/test/kit/duckdb"
)

// A database keeps what one call has put there for the next, and a mistake is
// told in DuckDB's words.
func TestRun(t *testing.T) {
	c, err := duckdb.Install(t.Context())
	if err != nil {
		t.Skip(err)
	}
	database := filepath.Join(t.TempDir(), "it's.duckdb")
	if _, err := c.Run(t.Context(), database, 1, "CREATE TABLE t AS SELECT "+duckdb.Quote("it's")+" AS a, 2 AS b"); err != nil {
		t.Fatal(err)
	}
	rows, err := c.Run(t.Context(), database, 1, "SELECT a, b FROM t; SELECT current_setting('threads'), 0")
	if err != nil || fmt.Sprint(rows) != "[[it's 2] [1 0]]" {
		t.Errorf("%v, %v", rows, err)
	}
	if _, err := c.Run(t.Context(), database, 1, "SELECT nothing"); err == nil || !strings.Contains(err.Error(), "nothing") {
		t.Errorf("%v", err)
	}
}

// Without pip the error says what is missing.
func TestInstallNeedsPip(t *testing.T) {
	t.Setenv("MUSTER_CACHE", t.TempDir())
	t.Setenv("PATH", "")
	if _, err := duckdb.Install(t.Context()); err == nil || !strings.Contains(err.Error(), "needs Python 3 with pip") {
		t.Errorf("%v", err)
	}
}
