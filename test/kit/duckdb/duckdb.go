// Package duckdb runs DuckDB as a process of its own: the command of the
// package duckdb-cli of PyPI, fetched by pip once and kept in the cache folder.
//
// It promises that a database file is closed when a call returns.
//
// The trap: a call starts a process, which takes some 30 ms.
package duckdb

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"muster/test/kit/cache"
)

// version is that of DuckDB and of its package.
const version = "1.5.6"

// Command is an installed DuckDB.
type Command struct{ path string }

// Install returns the command, which is fetched on first use. The error says
// what is missing where it can't be.
func Install(ctx context.Context) (*Command, error) {
	folder, err := cache.Fill("duckdb-"+version, func(work string) (string, error) {
		into := filepath.Join(work, "package")
		fetch := exec.CommandContext(ctx, "python3", "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:",
			"--target", into, "duckdb-cli=="+version)
		if out, err := fetch.CombinedOutput(); err != nil {
			return "", fmt.Errorf("running pip install: %w %s", err, strings.Join(strings.Fields(string(out)), " "))
		}
		path := filepath.Join(into, "duckdb_cli", "duckdb")
		return into, os.Chmod(path, 0o755)
	})
	if err != nil {
		return nil, fmt.Errorf("installing duckdb-cli %s, which needs Python 3 with pip: %w", version, err)
	}
	return &Command{filepath.Join(folder, "duckdb_cli", "duckdb")}, nil
}

// Run has a database file, made where there is none, do some statements by so
// many threads. It returns the rows of those that give any, without the names
// of columns.
func (c *Command) Run(ctx context.Context, database string, threads int, sql string) ([][]string, error) {
	cmd := exec.CommandContext(ctx, c.path, "-bail", "-batch", "-no-init", "-csv", "-noheader", database,
		"-c", fmt.Sprintf("SET threads=%d", threads), "-c", sql)
	var failed strings.Builder
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("running duckdb: %w: %s", err, strings.TrimSpace(failed.String()))
	}
	rows, err := csv.NewReader(strings.NewReader(string(out))).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading what duckdb printed: %w", err)
	}
	return rows, nil
}

// Quote is a text as a literal of SQL.
func Quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
