package days_test

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/klauspost/compress/gzip"

	"muster/test/kit/days"
)

// What arrives in one day is in one object, in order, as often as it is
// delivered.
func TestWrite(t *testing.T) {
	const day = int64(86_400_000)
	var a days.Archive
	for _, one := range []struct {
		arrival int64
		record  string
	}{{3*day - 1, "late"}, {3 * day, "first"}, {4*day - 1, "last"}} {
		a.Add(one.arrival, []byte(one.record))
	}
	folder := t.TempDir()
	written, err := a.Write(folder, func(day int64) int { return int(day) - 1 })
	if err != nil || written != 3 {
		t.Fatalf("%d objects, %v", written, err)
	}
	names, err := filepath.Glob(filepath.Join(folder, "segment-logs", "shop", "*", "*.gz"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	want := []string{"172800000/1.gz late\n", "259200000/1.gz first\nlast\n", "259200000/2.gz first\nlast\n"}
	var got []string
	for _, name := range names {
		got = append(got, filepath.Base(filepath.Dir(name))+"/"+filepath.Base(name)+" "+unpack(t, name))
	}
	if !slices.Equal(got, want) {
		t.Errorf("the objects are %q, want %q", got, want)
	}
}

func unpack(t *testing.T, name string) string {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(plain)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
