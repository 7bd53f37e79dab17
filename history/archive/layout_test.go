package archive

import (
	"testing"
	"time"
)

func layoutOf(t *testing.T, name string) Layout {
	t.Helper()
	c := Default()
	c.Layout = name
	l, err := NewLayout(c)
	if err != nil {
		t.Fatal(err)
	}
	if l.String() != name {
		t.Errorf("layout %s calls itself %s", name, l)
	}
	return l
}

// The names are those of the writers' documents.
func TestLayoutsReadDocumentedNames(t *testing.T) {
	const uuid = "0f3f2bc4-6a3b-4d6a-9a52-6dbc5d0a7d11"
	for _, c := range []struct {
		layout, key string
		day         string
		partition   int32
		offset      int64
		format      string
	}{
		{Segment, "segment-logs/abc123/1453420800000/f8cba6a0.gz", "2016-01-22", -1, -1, "lines/gzip"},
		{Segment, "abc123/1453420800001/f8cba6a0.gz", "2016-01-22", -1, -1, "lines/gzip"},
		{Segment, "our/own/segment-logs/abc123/1709251199999/x.gz", "2024-02-29", -1, -1, "lines/gzip"},
		{RudderStack, "rudder-logs/1uXKxCrhN2WGAt2fojy6k2fqDSb/02-17-2022/1645090000.1uXK." + uuid + ".json.gz", "2022-02-17", -1, -1, "lines/gzip"},
		{RudderStack, "prefix/rudder-logs/src/2022-02-17/x.json.gz", "2022-02-17", -1, -1, "lines/gzip"},
		{RudderStack, "src/12-31-2022/x.json.gz", "2022-12-31", -1, -1, "lines/gzip"},
		{Confluent, "topics/events/partition=0/events+0+0000000000.json", "", 0, 0, "lines/detect"},
		{Confluent, "topics/events/partition=11/events+11+0000012345.json.gz", "", 11, 12345, "lines/gzip"},
		{Confluent, "topics/a.b_c-d/year=2024/month=03/day=01/hour=10/a.b_c-d+3+0000000042.json.gz", "2024-03-01", 3, 42, "lines/gzip"},
		{Confluent, "topics/_events/2024/03/01/10/_events+2147483647+9223372036854775807.bin", "2024-03-01", 1<<31 - 1, 1<<63 - 1, "lines/detect"},
		{Confluent, "topics/e/dt=2024-03-01/e+1+7.snappy.parquet", "2024-03-01", 1, 7, `parquet/detect/""`},
		{Confluent, "topics/e/year=2024/month=03/e+1+7.json", "", 1, 7, "lines/detect"},
		{Confluent, "topics/e/partition=0/e+0+0000000000.avro", "", 0, 0, "foreign/detect"},
		{Firehose, "2024/03/01/10/my-stream-1-2024-03-01-10-05-09-" + uuid, "2024-03-01", -1, -1, "values/detect"},
		{Firehose, "events/dt=2024-03-01/s-12-2024-03-01-23-59-59-" + uuid + ".gz", "2024-03-01", -1, -1, "values/gzip"},
		{Firehose, "x/s-1-2024-03-01-23-59-59-" + uuid + ".parquet", "2024-03-01", -1, -1, `parquet/detect/""`},
		{Firehose, "x/s-1-2024-03-01-23-59-59-" + uuid + ".hsnappy", "2024-03-01", -1, -1, "foreign/detect"},
	} {
		got, ok := layoutOf(t, c.layout).Choose(c.key)
		day := ""
		if !got.Day.IsZero() {
			day = got.Day.Format(time.DateOnly)
		}
		if !ok || day != c.day || got.Partition != c.partition || got.Offset != c.offset || got.Format.String() != c.format {
			t.Errorf("%s: %s is %+v, %t", c.layout, c.key, got, ok)
		}
		if got.Day != got.Day.Truncate(24*time.Hour) || (got.Arrival != 0) != (c.layout == Firehose) {
			t.Errorf("%s: %s began at %s, came at %d", c.layout, c.key, got.Day, got.Arrival)
		}
	}
	at, _ := layoutOf(t, Firehose).Choose("s-1-2024-03-01-23-59-58-" + uuid)
	if want := time.Date(2024, 3, 1, 23, 59, 58, 0, time.UTC).UnixMilli(); at.Arrival != want {
		t.Errorf("arrival %d, want %d", at.Arrival, want)
	}
}

func TestLayoutsLeaveOutWhatIsNotTheirs(t *testing.T) {
	const uuid = "0f3f2bc4-6a3b-4d6a-9a52-6dbc5d0a7d11"
	for layout, others := range map[string][]string{
		Segment: {"segment-logs/abc/", "segment-logs/abc/2024-01-01/x.gz", "other/abc/1453420800000/x.gz", "x.gz", "", "a/b/1453420800000/c/x.gz"},
		RudderStack: {
			"rudder-warehouse-staging-logs/src/02-17-2022/x.json.gz", "rudder-logs/src/17-02-2022/x.json.gz", "rudder-logs/src/x.json.gz",
		},
		Confluent: {
			"topics/e/partition=0/e+0+0.keys.json", "topics/e/partition=0/e+0+0.headers.avro", "topics/e/partition=0/other.json",
			"topics/e/partition=0/e+0+99999999999999999999.json", "topics/e/partition=0/e+3000000000+0.json",
		},
		Firehose: {
			"2024/03/01/10/x.json", "processing-failed/2024/03/01/10/s-1-2024-03-01-10-05-09-" + uuid, "s-1-2024-13-01-10-05-09-" + uuid,
			"2024/03/01/10/",
		},
	} {
		for _, key := range others {
			if got, ok := layoutOf(t, layout).Choose(key); ok {
				t.Errorf("%s reads %q: %+v", layout, key, got)
			}
		}
	}
}

// Whatever its zone, what came on a day is not left out.
func TestOverlaps(t *testing.T) {
	day := time.Date(2024, 3, 10, 0, 0, 0, 0, time.UTC)
	c := Choice{Day: day}
	hour := func(h int) time.Time { return day.Add(time.Duration(h) * time.Hour) }
	for _, at := range []struct {
		from, to time.Time
		want     bool
	}{
		{time.Time{}, time.Time{}, true},
		{hour(0), hour(24), true},
		{hour(5), hour(6), true},
		{hour(24 + 14), time.Time{}, true},
		{time.Time{}, hour(-14), true},
		{hour(48), time.Time{}, false},
		{time.Time{}, hour(-24), false},
		{hour(72), hour(96), false},
		{hour(-72), hour(-48), false},
	} {
		if got := c.Overlaps(at.from, at.to); got != at.want {
			t.Errorf("from %s to %s: %t", at.from, at.to, got)
		}
		if !(Choice{}).Overlaps(at.from, at.to) {
			t.Errorf("an object without a day was left out from %s to %s", at.from, at.to)
		}
	}
}
