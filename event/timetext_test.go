package event

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestTimesAreWhatOthersRead reads every spelling of testdata/times.tsv.
func TestTimesAreWhatOthersRead(t *testing.T) {
	file, err := os.Open("testdata/times.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	times, others := 0, 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		columns := strings.Split(lines.Text(), "\t")
		ms, ok := ParseTime(columns[0])
		got := "-"
		if ok {
			times++
			got = strconv.FormatInt(ms, 10)
		} else {
			others++
		}
		if got != columns[1] {
			t.Errorf("%q: got %s, want %s (%s)", columns[0], got, columns[1], columns[2])
		}
	}
	if times < 70 || others < 60 {
		t.Errorf("the table has %d times and %d other texts", times, others)
	}
}

// TestEveryDay compares with package time on every day of all years.
func TestEveryDay(t *testing.T) {
	for day := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 10_000; day = day.AddDate(0, 0, 1) {
		if ms, ok := ParseTime(day.Format(time.DateOnly)); !ok || ms != day.UnixMilli() {
			t.Fatalf("%s: got %d, %v; want %d", day, ms, ok, day.UnixMilli())
		}
	}
}

func TestNumbersAreTimes(t *testing.T) {
	const none = math.MinInt64
	for _, test := range []struct {
		number float64
		want   int64
	}{
		{0, 0}, {1, 1000}, {-1, -1000}, {1795255200, recordTime}, {1795255200.123, recordTime + 123}, {1795255200.9996, recordTime + 1000},
		{-0.25, -250}, {99_999_999_999, 99_999_999_999_000}, {-62_167_219_200, firstMillis}, {-62_167_219_201, none},
		{1e11, 1e11}, {recordTime, recordTime}, {recordTime + 0.5, recordTime + 1}, {-1e11, -1e11}, {lastMillis, lastMillis},
		{lastMillis + 1, none}, {firstMillis, firstMillis}, {firstMillis - 1, none}, {recordTime * 1000, none}, {recordTime * 1e6, none},
		{math.NaN(), none}, {math.Inf(1), none}, {math.Inf(-1), none}, {math.MaxFloat64, none},
	} {
		ms, ok := NumberTime(test.number)
		if ok != (test.want != none) || ok && ms != test.want {
			t.Errorf("%v: got %d, %v; want %d", test.number, ms, ok, test.want)
		}
	}
}

func TestParseTimeAllocatesNothing(t *testing.T) {
	texts := []string{"2026-11-21T10:00:00.123Z", "2026-11-21T11:00:00+01:00", "2026-11-21", "soon, some day of next week"}
	if n := testing.AllocsPerRun(100, func() {
		for _, text := range texts {
			ParseTime(text)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzParseTime holds ParseTime against package time: whatever that reads as
// RFC 3339 is read, and to the same millisecond.
func FuzzParseTime(f *testing.F) {
	f.Add("2026-11-21T10:00:00.5+01:30")
	f.Add("2026-02-29 24:00:60,")
	f.Fuzz(func(t *testing.T, text string) {
		ms, ok := ParseTime(text)
		at, err := time.Parse(time.RFC3339, text)
		_, zone := at.Zone()
		known := err == nil && len(text) > len("2026-11-21T1:00:00Z") && zone > -24*60*60 && zone < 24*60*60
		if known && (!ok || ms != at.UnixMilli()) {
			t.Errorf("%q: got %d, %v; want %d", text, ms, ok, at.UnixMilli())
		}
		if ok && (ms < firstMillis-24*60*60*1000 || ms > lastMillis+24*60*60*1000+1) {
			t.Errorf("%q is out of all years: %s", text, fmt.Sprint(ms))
		}
	})
}

func BenchmarkParseTime(b *testing.B) {
	for _, text := range []string{"2026-11-21T10:00:00Z", "2026-11-21T10:00:00.123Z", "2026-11-21T10:00:00.123456+01:00", "2026-11-21", "sku-48213"} {
		b.Run(text, func(b *testing.B) {
			for b.Loop() {
				ParseTime(text)
			}
		})
	}
}
