package lookup

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"
)

// encoded is what encoding/json makes of memberships.
func encoded(t testing.TB, m *Memberships) []byte {
	t.Helper()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(m); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func FuzzMembershipsAreWrittenAsEncodingJSONDoes(f *testing.F) {
	f.Add("u1", "vip", "buyers", int64(1_795_000_000_000), uint64(7), true, 2)
	f.Add("\u2028<&>\"\\\x00\x7f\xff", "", "ä", int64(-1), uint64(math.MaxUint64), false, 1)
	f.Add("", "", "", int64(0), uint64(0), false, 0)
	f.Add("x", "", "", int64(0), uint64(0), false, -1)
	f.Fuzz(func(t *testing.T, id, one, other string, at int64, version uint64, outdated bool, segments int) {
		const lastYears = 9000 * 365 * 24 * 3600 * 1000 // encoding/json writes no year beyond 9999
		m := &Memberships{Profile: id, At: Instant(at % lastYears), Version: version, Outdated: outdated}
		if segments >= 0 {
			m.Segments = []string{one, other}[:min(segments, 2)]
		}
		if got, want := m.AppendJSON([]byte("before")), encoded(t, m); string(got) != "before"+string(want) {
			t.Errorf("%s in place of %s", got, want)
		}
	})
}

// TestEachByteIsWrittenAsEncodingJSONDoes has each byte at each place of ids
// of some lengths.
func TestEachByteIsWrittenAsEncodingJSONDoes(t *testing.T) {
	for _, length := range []int{1, 2, 7, 8, 9, 12, 17} {
		for at := range length {
			for value := range 256 {
				text := bytes.Repeat([]byte("z"), length)
				text[at] = byte(value)
				m := &Memberships{Segments: []string{string(text)}}
				if got, want := m.AppendJSON(nil), encoded(t, m); !bytes.Equal(got, want) {
					t.Fatalf("%s in place of %s", got, want)
				}
			}
		}
	}
}

// BenchmarkWriteMemberships holds it to two thirds of what encoding/json takes:
// of_encoding_json is the ratio of the two, in turns.
func BenchmarkWriteMemberships(b *testing.B) {
	m := &Memberships{Profile: "u1", At: 1_795_000_000_000}
	for i := range 500 {
		m.Segments = append(m.Segments, fmt.Sprintf("segment-%04d", i))
	}
	var room []byte
	var own, standard time.Duration
	for b.Loop() {
		began := time.Now()
		room = m.AppendJSON(room[:0])
		own += time.Since(began)
		began = time.Now()
		_ = encoded(b, m)
		standard += time.Since(began)
	}
	ratio := own.Seconds() / standard.Seconds()
	b.ReportMetric(ratio, "of_encoding_json")
	if b.N > 100 && ratio > 2.0/3 {
		b.Errorf("it takes %.2f of what encoding/json takes, at most two thirds is the aim", ratio)
	}
}
