// Package days lays records out as Segment does when it writes them to a
// bucket: objects of gzipped lines, in a folder for each source and day.
//
// It promises that the same records, added in the same order, make the same
// objects.
//
// The trap: what belongs to a day is told by arrival in UTC and not by when an
// event happened, so a late event is in the object of the day it came.
package days

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/gzip"
)

// Day is how much of arrival an object holds.
const Day = 24 * time.Hour

// Archive gathers records by the day of their arrival.
type Archive struct {
	lines map[int64][]byte // by the millisecond in which the day begins
}

// Add takes in a record that arrived at an instant, ms since 1970 UTC, behind
// those of its day.
func (a *Archive) Add(arrival int64, record []byte) {
	if a.lines == nil {
		a.lines = map[int64][]byte{}
	}
	day := arrival - arrival%Day.Milliseconds()
	a.lines[day] = append(append(a.lines[day], record...), '\n')
}

// Write writes the objects below a folder and returns how many there are.
// Objects tells how often each day, by its number since 1970, is delivered: 1
// for once, and what is delivered more often is there under as many names. A
// nil one is 1 for every day.
func (a *Archive) Write(folder string, objects func(day int64) int) (written int, err error) {
	for at, lines := range a.lines {
		packed, err := pack(lines)
		if err != nil {
			return written, err
		}
		times := 1
		if objects != nil {
			times = objects(at / Day.Milliseconds())
		}
		for n := range times {
			path := filepath.Join(folder, "segment-logs", "shop", fmt.Sprint(at), fmt.Sprintf("%d.gz", n+1))
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, packed, 0o600)); err != nil {
				return written, fmt.Errorf("writing an object: %w", err)
			}
			written++
		}
	}
	return written, nil
}

func pack(lines []byte) ([]byte, error) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write(lines)
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("packing an object: %w", err)
	}
	return packed.Bytes(), nil
}
