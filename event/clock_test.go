package event

import (
	"strings"
	"testing"
	"time"
)

func TestTimes(t *testing.T) {
	const minute, hour = 60_000, 3_600_000
	for _, test := range []struct {
		name, fields         string
		record, wall         int64
		wantTime, wantArrive int64
		clamped              Clamp
	}{
		{"all three", `"timestamp":"2026-11-21T08:00:00Z","receivedAt":"2026-11-21T09:00:00Z"`, recordTime, 0,
			recordTime - 2*hour, recordTime - hour, 0},
		{"record's time", `"timestamp":"2026-11-21T08:00:00Z"`, recordTime, 0, recordTime - 2*hour, recordTime, 0},
		{"only its own", `"timestamp":"2026-11-21T08:00:00Z"`, 0, 0, recordTime - 2*hour, recordTime - 2*hour, 0},
		{"none of its own", ``, recordTime, 0, recordTime, recordTime, 0},
		{"only receivedAt", `"receivedAt":"2026-11-21T09:00:00Z"`, 0, 0, recordTime - hour, recordTime - hour, 0},
		{"nulls", `"timestamp":null,"receivedAt":null,"sentAt":null`, recordTime, 0, recordTime, recordTime, 0},
		{"client's clock an hour behind", `"receivedAt":"2026-11-21T10:00:00Z","sentAt":"2026-11-21T09:00:00Z","originalTimestamp":"2026-11-21T08:30:00Z"`, 0, 0,
			recordTime - hour/2, recordTime, 0},
		{"sentAt without the others", `"sentAt":"2026-11-21T09:00:00Z"`, recordTime, 0, recordTime, recordTime, 0},
		{"sentAt is not looked at", `"timestamp":"2026-11-21T09:00:00Z","sentAt":"x","originalTimestamp":5`, recordTime, 0, recordTime - hour, recordTime, 0},
		{"sent before it happened", `"receivedAt":"2026-11-21T10:00:00Z","sentAt":"2026-11-21T09:00:00Z","originalTimestamp":"2026-11-21T09:30:00Z"`, 0, 0,
			recordTime, recordTime, ClampedTime},
		{"2090", `"timestamp":"2090-01-01T00:00:00Z"`, recordTime, recordTime, recordTime, recordTime, ClampedTime},
		{"2090 alone", `"timestamp":"2090-01-01T00:00:00Z"`, 0, recordTime, recordTime, recordTime, ClampedTime | ClampedArrival},
		{"received in 2090", `"timestamp":"2026-11-21T09:00:00Z","receivedAt":"2090-01-01T00:00:00Z"`, recordTime - hour, recordTime,
			recordTime - hour, recordTime, ClampedArrival},
		{"received in 2090, no wall clock", `"timestamp":"2026-11-21T09:00:00Z","receivedAt":"2090-01-01T00:00:00Z"`, recordTime, 0,
			recordTime - hour, 3786912000000, 0},
		{"broker ahead of the wall", `"receivedAt":"2090-01-01T00:00:00Z"`, recordTime + hour, recordTime, recordTime, recordTime, ClampedArrival},
		{"5 minutes ahead", `"receivedAt":"2026-11-21T10:05:00Z"`, 0, recordTime, recordTime + 5*minute, recordTime + 5*minute, 0},
		{"1 ms more", `"receivedAt":"2026-11-21T10:05:00.001Z"`, 0, recordTime, recordTime, recordTime, ClampedArrival},
		{"offsets and fractions", `"timestamp":"2026-11-21T11:30:00.1239+02:00"`, recordTime, 0, recordTime - hour/2 + 123, recordTime, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			record := `{"type":"alias",` + test.fields + `,"userId":"u"}`
			record = strings.Replace(record, ",,", ",", 1)
			events, rej := newDecoder(t, Default()).Decode(nil, nil, []byte(record), test.record, test.wall)
			if len(rej) != 0 {
				t.Fatalf("rejected: %s", rej[0].Reason)
			}
			e := events[0]
			if e.Time != test.wantTime || e.Arrival != test.wantArrive || e.Clamped != test.clamped {
				t.Errorf("got time %+d, arrival %+d of %d, clamped %b; want %+d, %+d, %b",
					e.Time-recordTime, e.Arrival-recordTime, recordTime, e.Clamped, test.wantTime-recordTime, test.wantArrive-recordTime, test.clamped)
			}
		})
	}
}

func TestNoTimeAtAll(t *testing.T) {
	const record = `{"type":"alias","userId":"u","sentAt":"2026-11-21T10:05:00Z","originalTimestamp":"2026-11-21T10:05:00Z"}`
	_, rej := newDecoder(t, Default()).Decode(nil, nil, []byte(record), 0, recordTime)
	const want = "timestamp: absent, and so are receivedAt and the record's own time"
	if len(rej) != 1 || rej[0].Reason != want {
		t.Errorf("got %+v, want %q", rej, want)
	}
}

func TestEnvelopeTimes(t *testing.T) {
	const record = `{"receivedAt":"2026-11-21T10:00:00Z","sentAt":"2026-11-21T09:00:00Z","batch":[
		{"type":"alias","userId":"a","originalTimestamp":"2026-11-21T08:00:00Z"},
		{"type":"alias","userId":"b","originalTimestamp":"2026-11-21T08:00:00Z","receivedAt":"2026-11-21T12:00:00Z"},
		{"type":"alias","userId":"c","originalTimestamp":"2026-11-21T08:00:00Z","receivedAt":null,"sentAt":"2026-11-21T08:30:00Z"},
		{"type":"alias","userId":"d","receivedAt":"soon"}]}`
	events, rej := newDecoder(t, Default()).Decode(nil, nil, []byte(record), 0, 0)
	if len(events) != 3 || len(rej) != 1 || rej[0].Item != 3 {
		t.Fatalf("got %+v, %+v; want three events and item 3 rejected", events, rej)
	}
	const hour = 3_600_000
	for i, want := range []int64{-hour, hour, -hour / 2} {
		if got := events[i].Time - recordTime; got != want {
			t.Errorf("event %d: got %+d ms, want %+d ms", i, got, want)
		}
	}
}

// TestParseUTCAgrees compares the fast path with time.Parse on every day of
// 430 years and on forms that it must leave alone.
func TestParseUTCAgrees(t *testing.T) {
	for day := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2400; day = day.AddDate(0, 0, 1) {
		at := day.Add(13*time.Hour + 59*time.Minute + 7*time.Second)
		if ms, ok := parseUTC([]byte(at.Format(time.RFC3339))); !ok || ms != at.UnixMilli() {
			t.Fatalf("%s: got %d, %v; want %d", at, ms, ok, at.UnixMilli())
		}
	}
	for _, text := range []string{
		"2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z",
		"2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z",
		"2026-01-01 00:00:00Z", "2026-01-01T00:00:00z", "2026-01-01T00:00:00", "2026-01-01", "2026-01-01T00:00:00.Z",
		"2026-01-01T00:00:00,5Z", "2026-01-01T00:00:00.5xZ", "+026-01-01T00:00:00Z", "2026-01-01T-1:00:00Z", "2026-01-01T00:00:0:Z",
		"1969-12-31T23:59:59.9995Z", "2026-01-01T00:00:00.99999999999999999999Z", "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.98Z",
		"2026-01-01T00:00:00.1239Z", "2026-01-01T00:00:00.123456789Z", "2028-02-29T23:59:59.999999999Z", "0000-01-01T00:00:00Z", "",
	} {
		at, err := time.Parse(time.RFC3339, text)
		if ms, ok := parseUTC([]byte(text)); ok && (err != nil || ms != at.UnixMilli()) {
			t.Errorf("fast path, %q: got %d, time.Parse has %v, %v", text, ms, at, err)
		}
		if ms, ok := parseTime([]byte(text)); ok != (err == nil) || ok && ms != at.UnixMilli() {
			t.Errorf("%q: got %d, %v; time.Parse has %v, %v", text, ms, ok, at, err)
		}
	}
}
