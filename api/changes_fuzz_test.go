package api

import (
	"bufio"
	"encoding/base64"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/api/access"
)

// heads is how many change streams are asked for at random.
const heads = 600

// headline is how a stream begins: when to come again, and a place.
var headline = regexp.MustCompile(`^retry: [0-9]+\nid: [A-Za-z0-9_-]+\n\n$`)

// stranger asks for change streams in ways that make sense and in others.
type stranger struct {
	r      *rand.Rand
	places []string // that streams have told
}

func (s *stranger) pick(all ...string) string { return all[s.r.IntN(len(all))] }

// place is one that was told, one that was spoilt, or none.
func (s *stranger) place() string {
	told := s.pick(s.places...)
	b := []byte(told)
	switch s.r.IntN(6) {
	case 0:
		b[s.r.IntN(len(b))] = byte(s.r.IntN(128))
	case 1:
		b = b[:s.r.IntN(len(b)+1)]
	case 2:
		b = append(b, s.pick("A", "=", "////", told, strings.Repeat("A", 9000))...)
	case 3: // of the same shards, with random entries
		b, _ = base64.RawURLEncoding.DecodeString(told)
		for i := range b[min(4, len(b)):] {
			b[4+i] = byte(s.r.IntN(256))
		}
		b = []byte(base64.RawURLEncoding.EncodeToString(b))
	case 4:
		return s.value()
	}
	return string(b)
}

// value is a text that a parameter may have.
func (s *stranger) value() string {
	return s.pick("", "u1", "vip", "buyers", "hidden", "vipp", "null", "0-1", "-1", "\x00", "\xff\xfe", "a\nid: x\n\ndata: y", "a\r\nX: y",
		"é😀", "*", "../..", strings.Repeat("x", 1+s.r.IntN(6000)), "18446744073709551616", "[]", "{}", "%", "true")
}

// query is a query of some parameters, some of them more than once.
func (s *stranger) query() string {
	var parts []string
	for range s.r.IntN(4) {
		key, value := s.pick("segment", "segment", "profile", "from", "from", "segments", "Last-Event-ID", "", "sègment"), s.value()
		if key == "from" {
			value = s.place()
		}
		part := url.QueryEscape(key) + s.pick("=", "=", "=", "", "==") + url.QueryEscape(value)
		for range s.pick("1", "1", "1", "2") {
			parts = append(parts, part)
		}
	}
	if s.r.IntN(20) == 0 {
		parts = append(parts, slices.Repeat([]string{"segment=vip"}, 999+s.r.IntN(3))...)
	}
	return strings.Join(parts, s.pick("&", "&", "&", "&&", ";"))
}

// Whatever a change stream is asked for, it begins as it should, or is refused
// with a problem that says what to do; and the place that it tells can be gone on
// from. Behind them all no stream is open, and others are told of changes.
func TestAnyStreamBeginsOrIsRefused(t *testing.T) {
	k := keeping(t, Default())
	k.spends(t, "u1", 150)
	first := k.listen(t, "", "")
	s := &stranger{rand.New(rand.NewPCG(1, 17)), []string{first.last}}
	first.end()
	begun, refusals := 0, map[int]int{}
	for range heads {
		query, header := s.query(), ""
		if s.r.IntN(2) == 0 {
			header = strings.Map(func(c rune) rune {
				if c < ' ' || c > '~' {
					return -1 // no client can send it
				}
				return c
			}, s.place())
		}
		response := k.ask(t, access.Read, http.MethodGet, "/v1/changes?"+query, nil, "Last-Event-ID", header)
		if response.StatusCode != http.StatusOK {
			refusals[response.StatusCode]++
			refused(t, query+" behind "+header, response, response.StatusCode)
			continue
		}
		begun++
		head, err := readHead(response)
		if err != nil || response.Header.Get("Content-Type") != eventType || !headline.MatchString(head) {
			t.Errorf("%q behind %q begins with %q, %v", query, header, head, err)
			continue
		}
		s.places = append(s.places, strings.TrimSpace(head[strings.Index(head, "id: ")+4:]))
	}
	for status := range refusals {
		if !slices.Contains([]int{http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity}, status) {
			t.Errorf("%d were answered with %d", refusals[status], status)
		}
	}
	if begun < heads/20 || len(refusals) != 3 {
		t.Errorf("%d streams began, and refused were %v: too few to say something", begun, refusals)
	}
	for _, place := range s.places[max(0, len(s.places)-20):] {
		k.listen(t, "", place).end()
	}
	for late := time.Now().Add(time.Minute); k.openStreams() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("%d streams are open still", k.openStreams())
		}
	}
	l := k.listen(t, "?profile=u2", "")
	k.spends(t, "u2", 150)
	if c := l.change(); c.Profile != "u2" {
		t.Errorf("told is %+v", c)
	}
}

func (r *rig) openStreams() int {
	r.routes.streams.mu.Lock()
	defer r.routes.streams.mu.Unlock()
	return r.routes.streams.all.Len()
}

// readHead reads the first event of a stream, and closes it.
func readHead(response reply) (string, error) {
	defer response.Body.Close()
	lines, head := bufio.NewReader(response.Body), strings.Builder{}
	for {
		line, err := lines.ReadString('\n')
		head.WriteString(line)
		if err != nil || line == "\n" || head.Len() > maxHeader {
			return head.String(), err
		}
	}
}
