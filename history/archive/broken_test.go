package archive

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// numbered is a text of n lines that gzip can't make small.
func numbered(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, `{"messageId":"%d-%x"}`+"\n", i, uint64(i+1)*0x9e3779b97f4a7c15)
	}
	return text.String()
}

func TestAnEmptyObjectIsBroken(t *testing.T) {
	for _, f := range []Format{{}, {Compression: Gzip}, {Compression: Zstd}, {Encoding: Values}, {Encoding: Parquet}} {
		_, err := collect(strings.NewReader(""), f)
		wantBroken(t, err, "key", 0, ErrEmpty)
	}
	if all, err := collect(strings.NewReader(gzipped("")), Format{Compression: Gzip}); err != nil || all != nil {
		t.Errorf("an empty text in gzip: %q, %v", all, err)
	}
}

// What is before the damage is given, and the line behind it is named.
func TestDamagedCompression(t *testing.T) {
	for compression, packer := range packers {
		packed := packer(numbered(20_000))
		flipped := []byte(packed)
		flipped[len(packed)/2] ^= 0xff
		for name, damaged := range map[string]string{
			"cut off":         packed[:len(packed)/2],
			"a little too":    packed[:len(packed)-1],
			"a byte changed":  string(flipped),
			"rubbish behind":  packed + "rubbish",
			"its sum changed": packed[:len(packed)-1] + string(packed[len(packed)-1]^1),
		} {
			var given int64
			err := Read(strings.NewReader(damaged), "a/b", Format{Compression: compression}, func(r Record) error {
				given++
				if r.Line != given {
					return fmt.Errorf("line %d after %d records", r.Line, given-1)
				}
				return nil
			})
			if given == 0 {
				t.Errorf("%s, %s: no line was given", compression, name)
			}
			wantBroken(t, err, "a/b", given+1, nil)
			if err != nil && !strings.Contains(err.Error(), compression.String()) {
				t.Errorf("%s, %s: %v does not name the compression", compression, name, err)
			}
		}
	}
}

// A reader that met damage reads the next object as if nothing had been.
func TestReadersAreUsedAgain(t *testing.T) {
	for compression, packer := range packers {
		packed := packer(numbered(5000))
		for range 20 {
			if _, err := collect(strings.NewReader(packed[:len(packed)/2]), Format{}); err == nil {
				t.Errorf("%s: half of it is whole", compression)
			}
			if all, err := collect(strings.NewReader(packed), Format{}); err != nil || len(all) != 5000 {
				t.Errorf("%s: %d records, %v", compression, len(all), err)
			}
		}
	}
}

func TestGzipOfSeveralMembers(t *testing.T) {
	all, err := collect(strings.NewReader(gzipped("{}\n")+gzipped("[]\n")), Format{Compression: Gzip})
	if err != nil || len(all) != 2 {
		t.Fatalf("%q, %v", all, err)
	}
}

func TestANameThatSaysAnotherCompression(t *testing.T) {
	_, err := collect(strings.NewReader("{}\n"), Format{Compression: Gzip})
	wantBroken(t, err, "key", 0, nil)
	if !strings.Contains(err.Error(), "gzip") {
		t.Errorf("%v does not name gzip", err)
	}
}

// An error of the connection is none of the object.
func TestABrokenConnectionIsNoBrokenObject(t *testing.T) {
	packed := gzipped(numbered(20_000))
	reset := errors.New("connection reset")
	for _, f := range []Format{{Compression: Gzip}, {}} {
		_, err := collect(io.MultiReader(strings.NewReader(packed[:len(packed)/2]), iotest.ErrReader(reset)), f)
		var broken *Broken
		if !errors.Is(err, reset) || errors.As(err, &broken) || !strings.Contains(err.Error(), "key") {
			t.Errorf("%v", err)
		}
	}
}

func TestForeignObjectsAreNamed(t *testing.T) {
	_, err := collect(strings.NewReader("Obj\x01"), Format{Encoding: Foreign})
	wantBroken(t, err, "key", 0, errForeign)
}
