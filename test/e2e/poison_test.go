package e2e

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/test/e2e/stack"
)

// poison is one record that can't be used, and a word of the reason that its
// dead letter must give.
type poison struct {
	name   string
	value  []byte
	reason string
}

func poisons() []poison {
	const at = `"timestamp":"2026-11-01T10:00:00Z","receivedAt":"2026-11-01T10:00:00Z"`
	track := func(fields string) []byte {
		return []byte(`{"type":"track","event":"Order Completed",` + at + `,` + fields + `}`)
	}
	var leaves strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&leaves, `,"%s":1`, strconv.FormatInt(int64(i), 36)) // short, to stay below the limit of size
	}
	return []poison{
		{"not JSON", []byte("hello"), "JSON"},
		{"truncated", track(`"userId":"u"`)[:60], "JSON"},
		{"empty", []byte{}, "empty"},
		{"binary", []byte{0, 1, 2, 0xff, 0xfe, 0}, "UTF-8"},
		{"10,000 deep", []byte(strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000)), "deep"},
		{"no id", track(`"anonymousId":null`), "userId"},
		{"long id", track(`"userId":"` + strings.Repeat("x", 10<<10) + `"`), "userId"},
		{"fractional id", track(`"userId":1.5`), "userId"},
		{"boolean id", track(`"userId":true`), "userId"},
		{"unknown type", []byte(`{"type":"purchase","userId":"u",` + at + `}`), "type"},
		{"no type", []byte(`{"userId":"u",` + at + `}`), "type"},
		{"NaN", track(`"userId":"u","properties":{"price":NaN}`), "price"},
		{"blocked id", track(`"userId":"undefined"`), "userId"},
		{"too early", []byte(`{"type":"track","event":"E","userId":"u","receivedAt":"1960-01-01T00:00:00Z"}`), "receivedAt"},
		{"unreadable time", []byte(`{"type":"track","event":"E","userId":"u","receivedAt":"soon"}`), "receivedAt"},
		{"no event name", []byte(`{"type":"track","event":"","userId":"u",` + at + `}`), "event"},
		{"100,000 leaves", []byte(`{"type":"identify","userId":"u",` + at + `,"traits":{"first":1` + leaves.String() + `}}`), "traits"},
		{"invalid UTF-8", append(track(`"userId":"u`)[:120], 0xff, '"', '}'), "UTF-8"},
	}
}

// large is a record over every limit of size.
func large() poison {
	text := `{"type":"track","event":"E","userId":"u","properties":{"text":"` + strings.Repeat("x", 10<<20) + `"}}`
	return poison{"10 MB", []byte(text), "bytes"}
}

// Strange but usable: an id that is a number, a time far ahead that counts
// as arrival, a repeated key of which the last counts.
const usable = `{"type":"track","event":"Order Cancelled","event":"Order Completed","userId":4711,` +
	`"timestamp":"2090-01-01T00:00:00Z","receivedAt":"2026-11-01T10:00:00Z"}`

// odd are records that are no poison, although they look like it: Kafka's
// tombstone, and events with timestamps that can't be used.
func odd() [][]byte {
	return [][]byte{
		nil, []byte(`{"type":"track","event":"E","userId":"u","timestamp":"soon"}`),
		[]byte(`{"type":"track","event":"E","userId":"u","anonymousId":{},"properties":[],"timestamp":"1960-01-01T00:00:00Z"}`),
	}
}

// Neither poison on the source topic nor on the keyed topic itself stops
// anything: it ends as dead letters that say why and where from.
func TestPoison(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		t.Run("source", func(t *testing.T) { feedPoison(t, cluster, 1, append(poisons(), large())) })
		t.Run("keyed", func(t *testing.T) { feedPoison(t, cluster, 0, poisons()) })
	})
}

// feedPoison feeds a source topic of so many partitions, or with 0 the keyed
// topic.
func feedPoison(t *testing.T, cluster bool, sources int, list []poison) {
	s := stack.Start(t, stack.Options{Shards: 1, Sources: sources, Segments: oneSegment, Cluster: cluster})
	topic := s.Source
	if sources == 0 {
		topic = s.Keyed
	}
	s.Init()
	for _, p := range list {
		s.Produce(&kgo.Record{Topic: topic, Key: []byte("k"), Value: p.value})
	}
	for _, value := range odd() {
		s.Produce(&kgo.Record{Topic: topic, Key: []byte("k"), Value: value})
	}
	s.Produce(&kgo.Record{Topic: topic, Key: []byte("4711"), Value: []byte(usable)})
	s.Run()
	s.AwaitSettled(stack.Patience)
	letters := s.Letters(topic)
	for offset, p := range list {
		expectLetter(t, p, topic, int64(offset), letters[stack.Place(0, int64(offset))])
	}
	if len(letters) != len(list) {
		t.Errorf("%d records have dead letters, want %d", len(letters), len(list))
	}
	if got := s.Stored(0, []string{"bought"}); !slices.Equal(got.Members["bought"], []string{"4711"}) {
		t.Errorf("the members are %q, want the profile of the record behind the poison", got.Members["bought"])
	}
}

func expectLetter(t *testing.T, p poison, topic string, offset int64, letters []stack.Letter) {
	t.Helper()
	if len(letters) != 1 {
		t.Errorf("%s: %d dead letters, want 1", p.name, len(letters))
		return
	}
	l := letters[0]
	if l.Topic != topic || l.Partition != 0 || l.Offset != offset {
		t.Errorf("%s: the letter comes from %s/%d/%d, want %s/0/%d", p.name, l.Topic, l.Partition, l.Offset, topic, offset)
	}
	if !strings.Contains(l.Reason, p.reason) {
		t.Errorf("%s: the reason %q does not mention %s", p.name, l.Reason, p.reason)
	}
	if !l.Truncated && !bytes.Equal(l.Value, p.value) || l.Truncated && !bytes.HasPrefix(p.value, l.Value) {
		t.Errorf("%s: the letter's value is not the record's", p.name)
	}
}
