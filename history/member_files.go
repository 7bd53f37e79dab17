package history

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"golang.org/x/sync/errgroup"
)

// MemberFormat is the form of files of members.
type MemberFormat string

// The forms.
const (
	// NDJSON is a line {"profile":"u1"} for each member. It is the default, so
	// that "" stands for it.
	NDJSON MemberFormat = "ndjson"
	// Parquet is a file with the text column profile, in zstd.
	Parquet MemberFormat = "parquet"
)

// memberRow is a member, as a line or as a row.
type memberRow struct {
	Profile string `json:"profile" parquet:"profile,plain"`
}

// Bounds on the memory of packing.
const (
	packBatch = 1024       // rows that are written at a time
	packGroup = 120 * 1024 // rows of a row group; DuckDB reads as many by one thread
)

// pack turns lines of members into the format that is asked for.
func (g *gathering) pack(ctx context.Context, workers int) error {
	if g.request.Members != Parquet {
		return nil
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for position := range g.counts {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return packMembers(g.lines(position))
		})
	}
	return group.Wait()
}

// packMembers puts a Parquet file into the place of one of lines.
func packMembers(lines string) (err error) {
	in, err := os.Open(lines)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.Create(strings.TrimSuffix(lines, ".ndjson") + ".parquet")
	if err != nil {
		return err
	}
	if err := errors.Join(writeMemberRows(out, in), out.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", out.Name(), err)
	}
	return os.Remove(lines)
}

// writeMemberRows writes lines of members as rows. Equal lines give equal
// bytes.
func writeMemberRows(out io.Writer, in io.Reader) error {
	file := parquet.NewGenericWriter[memberRow](out,
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedDefault, Concurrency: 1}),
		parquet.MaxRowsPerRowGroup(packGroup), parquet.CreatedBy("muster", "1", ""))
	rows := make([]memberRow, 0, packBatch)
	write := func() error {
		_, err := file.Write(rows)
		rows = rows[:0]
		return err
	}
	scanner := bufio.NewReaderSize(in, writeBuffer)
	for {
		line, err := scanner.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return errors.Join(write(), file.Close())
		}
		if err != nil {
			return err
		}
		row, err := readMember(line)
		if err != nil {
			return err
		}
		if rows = append(rows, row); len(rows) == packBatch {
			if err := write(); err != nil {
				return err
			}
		}
	}
}

// readMember reads a line of a member. Most names stand in it as they are.
func readMember(line []byte) (row memberRow, err error) {
	const before, behind = `{"profile":"`, "\"}\n"
	if !bytes.ContainsRune(line, '\\') {
		return memberRow{string(line[len(before) : len(line)-len(behind)])}, nil
	}
	err = json.Unmarshal(line, &row)
	return row, err
}
