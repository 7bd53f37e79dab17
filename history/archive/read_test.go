package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
)

// collect returns the records of a text.
func collect(r io.Reader, f Format) ([]string, error) {
	var all []string
	err := Read(r, "key", f, func(rec Record) error {
		all = append(all, string(rec.Value))
		return nil
	})
	return all, err
}

// readers are ways in which bytes may come.
var readers = map[string]func(io.Reader) io.Reader{
	"whole":           func(r io.Reader) io.Reader { return r },
	"a byte a time":   iotest.OneByteReader,
	"halves":          iotest.HalfReader,
	"end with data":   iotest.DataErrReader,
	"slow and at end": func(r io.Reader) io.Reader { return iotest.DataErrReader(iotest.OneByteReader(r)) },
}

// gzipped packs a text.
func gzipped(text string) string { return packers[Gzip](text) }

// packers are those of the compressions.
var packers = map[Compression]func(text string) string{
	Gzip: func(text string) string {
		return pack(text, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
	},
	Zstd: func(text string) string {
		return pack(text, func(w io.Writer) io.WriteCloser {
			z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
			if err != nil {
				panic(err)
			}
			return z
		})
	},
	Snappy: func(text string) string {
		return pack(text, func(w io.Writer) io.WriteCloser { return snappy.NewBufferedWriter(w) })
	},
}

func pack(text string, with func(io.Writer) io.WriteCloser) string {
	var packed bytes.Buffer
	z := with(&packed)
	if _, err := z.Write([]byte(text)); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return packed.String()
}

// randomValue is a JSON object with what a scanner may trip over.
func randomValue(r *rand.Rand, depth int) any {
	pieces := []string{`"`, `\`, `{`, `}`, `[`, `]`, "a", "\n", "é", ",", ":", " "}
	var text strings.Builder
	for range r.IntN(6) {
		text.WriteString(pieces[r.IntN(len(pieces))])
	}
	switch {
	case depth == 0 && r.IntN(2) == 0:
		return text.String()
	case depth == 0:
		return r.IntN(1000)
	case r.IntN(3) == 0:
		return []any{randomValue(r, depth-1), randomValue(r, depth-1)}
	}
	return map[string]any{text.String(): randomValue(r, depth-1), "b": randomValue(r, 0)}
}

func TestLinesAreThoseOfTheText(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for round := range 100 {
		var text strings.Builder
		for range random.IntN(30) {
			text.WriteString(strings.Repeat("x", random.IntN(40)*random.IntN(40)))
			text.WriteString([]string{"\n", "\r\n", "\n\n", " \n\t\n", "\n"}[random.IntN(5)])
		}
		text.WriteString([]string{"", "last", "last\r"}[random.IntN(3)])
		if text.Len() == 0 {
			continue
		}
		var want []string
		for _, line := range strings.Split(text.String(), "\n") {
			if line = strings.TrimSpace(line); line != "" {
				want = append(want, line)
			}
		}
		for name, slow := range readers {
			packed := []string{text.String()}
			for _, p := range packers {
				packed = append(packed, p(text.String()))
			}
			for _, text := range packed {
				got, err := collect(slow(strings.NewReader(text)), Format{})
				if err != nil || !slices.Equal(got, want) {
					t.Fatalf("round %d, %s: %q, %v; want %q", round, name, got, err, want)
				}
			}
		}
	}
}

func TestLineNumbersCountEmptyLines(t *testing.T) {
	var lines []int64
	err := Read(strings.NewReader("\n{}\n\n{}\n{}"), "key", Format{}, func(r Record) error {
		lines = append(lines, r.Line)
		return nil
	})
	if err != nil || !slices.Equal(lines, []int64{2, 4, 5}) {
		t.Fatalf("lines %v, %v", lines, err)
	}
}

// The oracle is the decoder of the standard library.
func TestValuesAreThoseOfTheText(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	for round := range 500 {
		var text bytes.Buffer
		for range 1 + random.IntN(20) {
			value, err := json.Marshal(map[string]any{"v": randomValue(random, random.IntN(4))})
			if err != nil {
				t.Fatal(err)
			}
			text.Write(value)
			text.WriteString([]string{"", "", "\n", " ", "\r\n\t"}[random.IntN(5)])
		}
		var want []string
		for decoder := json.NewDecoder(bytes.NewReader(text.Bytes())); decoder.More(); {
			var raw json.RawMessage
			if err := decoder.Decode(&raw); err != nil {
				t.Fatal(err)
			}
			want = append(want, string(raw))
		}
		for name, slow := range readers {
			got, err := collect(slow(bytes.NewReader(text.Bytes())), Format{Encoding: Values})
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("round %d, %s: %q, %v; want %q", round, name, got, err, want)
			}
		}
	}
}

// What is no value is given to be refused, and what comes behind it is read.
func TestValuesPassNothingOver(t *testing.T) {
	for text, want := range map[string][]string{
		`abc{"a":1}`:            {`abc`, `{"a":1}`},
		`{"a":1}}{"b":2}`:       {`{"a":1}`, `}`, `{"b":2}`},
		"{\"a\":1}x\n{\"b\":2}": {`{"a":1}`, `x`, `{"b":2}`},
		`{"a":"\\"}{"b":"\""}`:  {`{"a":"\\"}`, `{"b":"\""}`},
		`{"a":1}{"b":`:          {`{"a":1}`, `{"b":`},
		"  \n ":                 nil,
	} {
		for name, slow := range readers {
			got, err := collect(slow(strings.NewReader(text)), Format{Encoding: Values})
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%s of %q: %q, %v; want %q", name, text, got, err, want)
			}
		}
	}
}

// Every byte that is not white space is given, whatever the text.
func FuzzValues(f *testing.F) {
	for _, seed := range []string{`{"a":1}{"b":[2,"]"]}`, `}{`, `{"a\\":"\""}`, "x\n[", `"{"`} {
		f.Add(seed, uint8(3))
	}
	f.Fuzz(func(t *testing.T, text string, step uint8) {
		whole, err1 := collect(strings.NewReader(text), Format{Encoding: Values})
		pieces, err2 := collect(&stepReader{strings.NewReader(text), int(step%7) + 1}, Format{Encoding: Values})
		if (err1 == nil) != (err2 == nil) || !slices.Equal(whole, pieces) {
			t.Fatalf("%q, %v in one piece; %q, %v in many", whole, err1, pieces, err2)
		}
		if err1 == nil && bare(strings.Join(whole, "")) != bare(text) {
			t.Fatalf("%q became %q", text, whole)
		}
	})
}

// bare leaves white space out.
func bare(text string) string {
	return strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "").Replace(text)
}

type stepReader struct {
	r    io.Reader
	step int
}

func (s *stepReader) Read(p []byte) (int, error) { return s.r.Read(p[:min(len(p), s.step)]) }

func TestErrorsOfFnEndReading(t *testing.T) {
	stop := errors.New("stop")
	given := 0
	err := Read(strings.NewReader("{}\n{}\n"), "key", Format{}, func(Record) error {
		given++
		return stop
	})
	if err != stop || given != 1 { //nolint:errorlint // as it is, and not wrapped
		t.Fatalf("%d records and %v", given, err)
	}
}

func TestARecordOfTheLargestSize(t *testing.T) {
	for _, encoding := range []Encoding{Lines, Values} {
		for extra, want := range map[int]error{0: nil, 1: ErrLong} {
			record := `{"a":"` + strings.Repeat("x", MaxRecord+extra-len(`{"a":""}`)) + `"}`
			text := "{}\n" + record + "\n{}\n"
			sizes := []int{}
			err := Read(strings.NewReader(text), "the/key", Format{Encoding: encoding}, func(r Record) error {
				sizes = append(sizes, len(r.Value))
				return nil
			})
			if want == nil && (err != nil || !slices.Equal(sizes, []int{2, MaxRecord, 2})) {
				t.Errorf("%s: %v, %v", encoding, sizes, err)
			}
			if want != nil {
				wantBroken(t, err, "the/key", 2, want)
			}
		}
	}
}

// wantBroken demands a Broken that names an object and a line.
func wantBroken(t *testing.T, err error, key string, line int64, cause error) {
	t.Helper()
	var broken *Broken
	if !errors.As(err, &broken) || broken.Key != key || broken.Line != line || cause != nil && !errors.Is(err, cause) {
		t.Errorf("%v, want %s broken at line %d by %v", err, key, line, cause)
		return
	}
	if line > 0 && !strings.Contains(err.Error(), fmt.Sprintf("line %d", line)) || !strings.Contains(err.Error(), key) {
		t.Errorf("%v does not name %s and line %d", err, key, line)
	}
}
