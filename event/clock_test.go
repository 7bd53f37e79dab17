package event

import (
	"strings"
	"testing"
)

func TestTimes(t *testing.T) {
	const minute, hour = 60_000, 3_600_000
	for _, test := range []struct {
		name, fields         string
		record, wall         int64
		wantTime, wantArrive int64
		clamped              Clamp
		stoodIn              bool
	}{
		{"all three", `"timestamp":"2026-11-21T08:00:00Z","receivedAt":"2026-11-21T09:00:00Z"`, recordTime, 0,
			recordTime - 2*hour, recordTime - hour, 0, false},
		{"record's time", `"timestamp":"2026-11-21T08:00:00Z"`, recordTime, 0, recordTime - 2*hour, recordTime, 0, false},
		{"only its own", `"timestamp":"2026-11-21T08:00:00Z"`, 0, 0, recordTime - 2*hour, recordTime - 2*hour, 0, false},
		{"none of its own", ``, recordTime, 0, recordTime, recordTime, 0, false},
		{"only receivedAt", `"receivedAt":"2026-11-21T09:00:00Z"`, 0, 0, recordTime - hour, recordTime - hour, 0, false},
		{"nulls", `"timestamp":null,"receivedAt":null,"sentAt":null`, recordTime, 0, recordTime, recordTime, 0, false},
		{"client's clock an hour behind", `"receivedAt":"2026-11-21T10:00:00Z","sentAt":"2026-11-21T09:00:00Z","originalTimestamp":"2026-11-21T08:30:00Z"`, 0, 0,
			recordTime - hour/2, recordTime, 0, false},
		{"sentAt without the others", `"sentAt":"2026-11-21T09:00:00Z"`, recordTime, 0, recordTime, recordTime, 0, false},
		{"sentAt is not looked at", `"timestamp":"2026-11-21T09:00:00Z","sentAt":"x","originalTimestamp":5`, recordTime, 0, recordTime - hour, recordTime, 0, false},
		{"sent before it happened", `"receivedAt":"2026-11-21T10:00:00Z","sentAt":"2026-11-21T09:00:00Z","originalTimestamp":"2026-11-21T09:30:00Z"`, 0, 0,
			recordTime, recordTime, ClampedTime, false},
		{"2090", `"timestamp":"2090-01-01T00:00:00Z"`, recordTime, recordTime, recordTime, recordTime, ClampedTime, false},
		{"2090 alone", `"timestamp":"2090-01-01T00:00:00Z"`, 0, recordTime, recordTime, recordTime, ClampedTime | ClampedArrival, false},
		{"received in 2090", `"timestamp":"2026-11-21T09:00:00Z","receivedAt":"2090-01-01T00:00:00Z"`, recordTime - hour, recordTime,
			recordTime - hour, recordTime, ClampedArrival, false},
		{"received in 2090, no wall clock", `"timestamp":"2026-11-21T09:00:00Z","receivedAt":"2090-01-01T00:00:00Z"`, recordTime, 0,
			recordTime - hour, 3786912000000, 0, false},
		{"broker ahead of the wall", `"receivedAt":"2090-01-01T00:00:00Z"`, recordTime + hour, recordTime, recordTime, recordTime, ClampedArrival, false},
		{"5 minutes ahead", `"receivedAt":"2026-11-21T10:05:00Z"`, 0, recordTime, recordTime + 5*minute, recordTime + 5*minute, 0, false},
		{"1 ms more", `"receivedAt":"2026-11-21T10:05:00.001Z"`, 0, recordTime, recordTime, recordTime, ClampedArrival, false},
		{"offsets and fractions", `"timestamp":"2026-11-21T11:30:00.1239+02:00"`, recordTime, 0, recordTime - hour/2 + 123, recordTime, 0, false},
		{"unreadable, with skew", `"timestamp":"soon","receivedAt":"2026-11-21T10:00:00Z","sentAt":"2026-11-21T09:00:00Z","originalTimestamp":"2026-11-21T08:30:00Z"`,
			0, 0, recordTime - hour/2, recordTime, 0, true},
		{"unreadable, with arrival", `"timestamp":"","receivedAt":"2026-11-21T09:00:00Z"`, recordTime, 0, recordTime - hour, recordTime - hour, 0, true},
		{"unreadable, with the record's time", `"timestamp":{}`, recordTime, 0, recordTime, recordTime, 0, true},
		{"of no kind that tells a time", `"timestamp":true`, recordTime, 0, recordTime, recordTime, 0, true},
		{"before 1970", `"timestamp":"0001-01-01T00:00:00Z"`, recordTime, 0, recordTime, recordTime, 0, true},
		{"just before 1970", `"timestamp":"1970-01-01T00:59:59.999999+01:00"`, recordTime, 0, recordTime, recordTime, 0, true},
		{"a number before 1970", `"timestamp":-1`, recordTime, 0, recordTime, recordTime, 0, true},
		{"microseconds", `"timestamp":1795248000000000`, recordTime, 0, recordTime, recordTime, 0, true},
		{"no JSON number", `"timestamp":NaN`, recordTime, 0, recordTime, recordTime, 0, true},
		{"seconds", `"timestamp":1795248000.25`, recordTime, 0, recordTime - 2*hour + 250, recordTime, 0, false},
		{"milliseconds", `"timestamp":1795248000250`, recordTime, 0, recordTime - 2*hour + 250, recordTime, 0, false},
		{"numbers everywhere", `"receivedAt":1795255200,"sentAt":1795251600000,"originalTimestamp":1795249800`, 0, 0, recordTime - hour/2, recordTime, 0, false},
		{"sentAt unreadable", `"receivedAt":"2026-11-21T10:00:00Z","sentAt":"x","originalTimestamp":"2026-11-21T08:30:00Z"`, 0, 0, recordTime, recordTime, 0, false},
		{"skew by the record's time", `"sentAt":"2026-11-21T09:00:00Z","originalTimestamp":"2026-11-21T08:30:00Z"`, recordTime, 0, recordTime - hour/2, recordTime, 0, false},
		{"skew to before 1970", `"receivedAt":"1970-01-01T00:00:01Z","sentAt":"1970-01-01T00:00:02Z","originalTimestamp":"1970-01-01T00:00:00Z"`, 0, 0, 1000, 1000, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			record := `{"type":"alias",` + test.fields + `,"userId":"u"}`
			record = strings.Replace(record, ",,", ",", 1)
			events, rej := newDecoder(t, Default()).Decode(nil, nil, []byte(record), test.record, test.wall)
			if len(rej) != 0 {
				t.Fatalf("rejected: %s", rej[0].Reason)
			}
			e := events[0]
			if e.Time != test.wantTime || e.Arrival != test.wantArrive || e.Clamped != test.clamped || e.StoodIn != test.stoodIn {
				t.Errorf("got time %+d, arrival %+d of %d, clamped %b, stood in %v; want %+d, %+d, %b, %v", e.Time-recordTime, e.Arrival-recordTime,
					recordTime, e.Clamped, e.StoodIn, test.wantTime-recordTime, test.wantArrive-recordTime, test.clamped, test.stoodIn)
			}
		})
	}
}

func TestNoTimeAtAll(t *testing.T) {
	const others = `"type":"alias","userId":"u","sentAt":"2026-11-21T10:05:00Z","originalTimestamp":"2026-11-21T10:05:00Z"`
	for record, want := range map[string]string{
		`{` + others + `}`: "timestamp: absent, and so are receivedAt and the record's own time",
		`{"timestamp":"soon",` + others + `}`: `timestamp: "soon" is not a time, as 2026-11-21T10:00:00Z, ` +
			"and there is neither a receivedAt nor the record's own time",
	} {
		_, rej := newDecoder(t, Default()).Decode(nil, nil, []byte(record), 0, recordTime)
		if len(rej) != 1 || rej[0].Reason != want {
			t.Errorf("got %+v, want %q", rej, want)
		}
	}
}

// A batch as a client sends it has no receivedAt: the record's own time
// stands for it.
func TestRawBatchUsesTheRecordsTime(t *testing.T) {
	const record = `{"sentAt":"2026-11-21T09:00:00Z","batch":[{"type":"alias","userId":"a","originalTimestamp":"2026-11-21T08:00:00Z"}]}`
	events, rej := newDecoder(t, Default()).Decode(nil, nil, []byte(record), recordTime, recordTime)
	if len(rej) != 0 || events[0].Time != recordTime-3600e3 || events[0].Arrival != recordTime {
		t.Errorf("got %+v, %+v", events, rej)
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
