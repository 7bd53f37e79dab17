package history

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"

	"muster/history/archive"
)

// packedAs is a text in the compression that the end of a key tells.
func packedAs(t *testing.T, key, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	var z io.WriteCloser
	switch {
	case strings.HasSuffix(key, ".gz"):
		z = gzip.NewWriter(&out)
	case strings.HasSuffix(key, ".zst"):
		var err error
		if z, err = zstd.NewWriter(&out); err != nil {
			t.Fatal(err)
		}
	case strings.HasSuffix(key, ".snappy"):
		z = snappy.NewBufferedWriter(&out)
	default:
		return []byte(text)
	}
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// asText is a row of Parquet of which one column holds the record.
type asText struct {
	Value  string `parquet:"value"`
	Offset int64  `parquet:"offset"`
}

// The same events give the same members whoever has written the archive and in
// whichever encoding and compression, and what the path says to be of another month is
// not read.
func TestEveryLayoutAndEncoding(t *testing.T) {
	s := few(t)
	first, second := []string{order("a", 1), order("b", 2), page("c", 3)}, []string{order("d", 24)}
	old := []string{strings.ReplaceAll(order("z", 1), "2026-11", "2026-10")}
	const uuid = "0f3f2bc4-6a3b-4d6a-9a52-6dbc5d0a7d11"
	ms := func(month, day int) int64 {
		return time.Date(2026, time.Month(month), day, 0, 0, 0, 0, time.UTC).UnixMilli()
	}
	for name, c := range map[string]struct {
		layout, match, column string
		between               string    // records
		keys                  [3]string // of old, first and second
	}{
		"segment": {layout: archive.Segment, between: "\n", keys: [3]string{
			fmt.Sprintf("segment-logs/src/%d/a.gz", ms(10, 1)), fmt.Sprintf("segment-logs/src/%d/a.gz", ms(11, 1)), fmt.Sprintf("segment-logs/other/%d/a.gz", ms(11, 2)),
		}},
		"rudderstack": {layout: archive.RudderStack, between: "\n", keys: [3]string{
			"rudder-logs/src/10-01-2026/1.json.gz", "rudder-logs/src/11-01-2026/1.json.gz", "rudder-logs/src/2026-11-02/2.json.gz",
		}},
		"confluent": {layout: archive.Confluent, between: "\n", keys: [3]string{
			"topics/e/year=2026/month=10/day=01/e+0+0000000000.json", "topics/e/year=2026/month=11/day=01/e+0+0000000001.json.gz",
			"topics/e/year=2026/month=11/day=02/e+1+0000000000.json",
		}},
		"firehose": {layout: archive.Firehose, keys: [3]string{
			"2026/10/01/10/s-1-2026-10-01-10-00-00-" + uuid, "2026/11/01/10/s-1-2026-11-01-10-00-00-" + uuid, "2026/11/02/10/s-1-2026-11-02-10-00-00-" + uuid + ".gz",
		}},
		"glob, plain and zstd": {layout: archive.Glob, match: "{yyyy}/{mm}/{dd}/*", between: "\n", keys: [3]string{
			"2026/10/01/a.json", "2026/11/01/a.json", "2026/11/02/a.json.zst",
		}},
		"glob, snappy": {layout: archive.Glob, match: "dt={yyyy}-{mm}-{dd}/**", between: "\n", keys: [3]string{
			"dt=2026-10-01/a.snappy", "dt=2026-11-01/a.json.snappy", "dt=2026-11-02/h=1/a.snappy",
		}},
		"glob, Parquet of records": {layout: archive.Glob, match: "{yyyy}-{mm}-{dd}/*", column: "value", keys: [3]string{
			"2026-10-01/a.parquet", "2026-11-01/a.parquet", "2026-11-02/a.parquet",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			own := *s
			own.folder = t.TempDir()
			for i, lines := range [][]string{old, first, second} {
				if c.column == "" {
					putBytes(t, own.folder, c.keys[i], packedAs(t, c.keys[i], strings.Join(lines, c.between)))
					continue
				}
				var rows []asText
				for n, line := range lines {
					rows = append(rows, asText{line, int64(n)})
				}
				putBytes(t, own.folder, c.keys[i], parquetOf(t, rows))
			}
			r := own.request(t, own.end)
			settings := archive.Default()
			settings.Location, settings.Layout, settings.Match, settings.Column = own.folder, c.layout, c.match, c.column
			if c.match == "" {
				settings.Match = archive.Default().Match
			}
			var err error
			if r.Layout, err = archive.NewLayout(settings); err != nil {
				t.Fatal(err)
			}
			r.From = decodeTime(t, "2026-10-20T00:00:00Z")
			members, report, err := outcome(t, r, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(members["buyers"], " ") + " of " + strings.Join(members["known"], " ")
			if got != "ua ub ud of ua ub uc ud" || report.Archive.OutOfDays.Objects != 1 || report.Read.Objects != 2 {
				t.Errorf("buyers are %s; %+v, read %+v", got, report.Archive, report.Read)
			}
		})
	}
}
