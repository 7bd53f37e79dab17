package rehearsal

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/twmb/murmur3"

	"muster/event"
)

// record is one record of the sample, ready to be played with other times and
// message ids. All else of it stays as it is, byte for byte.
type record struct {
	text  []byte
	line  int
	times []moment
	ids   []serial
}

// moment is where a time stands. Its fraction and zone stay.
type moment struct {
	at    int   // index of the year's first digit
	local int64 // what the clock on the wall shows, as seconds since 1970
}

// serial is where the sixteen digits of a message id stand.
type serial struct {
	at   int
	hash uint64 // of the id in the sample: equal ids stay equal within a playing
}

const (
	wallLayout   = "2006-01-02T15:04:05"
	serialDigits = 16
	// golden moves ids from playing to playing: an odd number, so that none
	// comes again.
	golden = 0x9E3779B97F4A7C15
	// lastSecond is the last day that a time in RFC 3339 can tell, in seconds
	// since 1970: 9999-12-31T00:00:00Z.
	lastSecond = 253402214400
)

// newRecord finds the times and message ids of a record that the decoder has
// accepted. isID tells texts that are ids from those that count as absent.
func newRecord(text []byte, line int, isID func(string) bool) (record, error) {
	r := record{line: line}
	end := 0
	err := fields(text, func(key string, from, to int) {
		switch key {
		case "timestamp", "receivedAt", "sentAt", "originalTimestamp":
			r.text = append(r.text, text[end:from]...)
			r.time(text[from:to])
		case "messageId":
			r.text = append(r.text, text[end:from]...)
			r.id(text[from:to], isID)
		default:
			return
		}
		end = to
	})
	r.text = append(r.text, text[end:]...)
	return r, err
}

// time appends a time. What is none, and so was never looked at, stays; other
// spellings than that of RFC 3339 become it, so that every time can be moved.
func (r *record) time(value []byte) {
	t, err := time.Parse(`"`+time.RFC3339+`"`, string(value))
	if err != nil {
		ms, ok := readTime(value)
		if !ok {
			r.text = append(r.text, value...)
			return
		}
		t = time.UnixMilli(ms).UTC()
		value = t.AppendFormat(nil, `"`+wallLayout+`.000Z"`)
	}
	_, zone := t.Zone()
	r.times = append(r.times, moment{at: len(r.text) + 1, local: t.Unix() + int64(zone)})
	r.text = append(r.text, value...)
}

// readTime reads a JSON value as the decoder does.
func readTime(value []byte) (ms int64, ok bool) {
	var v any
	if json.Unmarshal(value, &v) != nil {
		return 0, false
	}
	switch v := v.(type) {
	case string:
		return event.ParseTime(v)
	case float64:
		return event.NumberTime(v)
	}
	return 0, false
}

// id appends an id of sixteen digits, and zeros up to its length. What counts
// as absent stays.
func (r *record) id(value []byte, isID func(string) bool) {
	text := string(value) // of a number; whatever else is no text is no id
	_ = json.Unmarshal(value, &text)
	if bytes.ContainsAny(value[:1], "{[tfn") || !isID(text) {
		r.text = append(r.text, value...)
		return
	}
	r.text = append(r.text, '"')
	for range len(value) - len(`""`) - serialDigits {
		r.text = append(r.text, '0')
	}
	r.ids = append(r.ids, serial{at: len(r.text), hash: murmur3.Sum64(value)})
	r.text = append(r.text, make([]byte, serialDigits)...)
	r.text = append(r.text, '"')
}

// appendPlay appends the record as it is in a playing, its times moved on by
// so many seconds.
func (r *record) appendPlay(b []byte, play, seconds int64) []byte {
	start := len(b)
	b = append(b, r.text...)
	text := b[start:]
	for _, m := range r.times {
		time.Unix(min(m.local+seconds, lastSecond), 0).UTC().AppendFormat(text[m.at:m.at], wallLayout)
	}
	for _, s := range r.ids {
		var raw [serialDigits / 2]byte
		h := s.hash + uint64(play)*golden
		for i := range raw {
			raw[i] = byte(h >> (8 * i))
		}
		hex.Encode(text[s.at:], raw[:])
	}
	return b
}

// fields calls visit with the top-level fields of a call, or of a batch and of
// each of its calls, and where their values stand.
func fields(text []byte, visit func(key string, from, to int)) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if err := object(d, text, visit, true); err != nil {
		return fmt.Errorf("record: looking for its times: %w", err)
	}
	return nil
}

func object(d *json.Decoder, text []byte, visit func(key string, from, to int), whole bool) error {
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string) // a key always is one
		from := valueAt(text, d.InputOffset())
		if whole && key == "batch" && text[from] == '[' {
			err = items(d, text, visit)
		} else {
			err = d.Decode(&json.RawMessage{})
			visit(key, from, int(d.InputOffset()))
		}
		if err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// items visits the calls of a batch; what is no object was refused.
func items(d *json.Decoder, text []byte, visit func(key string, from, to int)) error {
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		var err error
		if text[valueAt(text, d.InputOffset())] == '{' {
			err = object(d, text, visit, false)
		} else {
			err = d.Decode(&json.RawMessage{})
		}
		if err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// valueAt returns where the next value begins, behind spaces and the sign
// that separates it.
func valueAt(text []byte, offset int64) int {
	i := int(offset)
	for i < len(text)-1 && bytes.IndexByte([]byte(" \t\r\n:,"), text[i]) >= 0 {
		i++
	}
	return i
}
