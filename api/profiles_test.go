package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"muster/api/access"
	"muster/lookup"
	"muster/rules"
)

func TestAProfileIsShown(t *testing.T) {
	k := keeping(t, Default())
	k.spends(t, "u1", 150)
	var got lookup.Profile
	k.get(t, "/v1/profiles/u1", &got)
	var in []string
	for i, s := range got.Segments {
		in = append(in, s.Segment)
		if s.Since == nil || *s.Since != keptClock || s.Cause != "event" || s.Version != uint64(i+1) {
			t.Errorf("%s since %v by %q, version %d", s.Segment, s.Since, s.Cause, s.Version)
		}
	}
	if !slices.Equal(in, []string{"hidden", "vip"}) || got.Version != 2 || got.Traits["country"] != "DE" || got.Traits["spent"] != 150.0 || got.Outdated {
		t.Errorf("got %+v", got)
	}
	got = lookup.Profile{}
	if k.get(t, "/v1/profiles/u1?outbox=0", &got); got.Segments[0].Since != nil || got.Segments[0].Version != 0 {
		t.Errorf("without the outbox: %+v", got.Segments)
	}
}

// Ids are any text: with slashes, spaces, dots and question marks in them.
func TestIdsArePercentEncoded(t *testing.T) {
	k := keeping(t, Default())
	for _, id := range []string{"a/b", "a//b", "..", ".", "a b", "a?b#c", "ü@x.de", "%2F", "a+b", "explain"} {
		k.spends(t, id, 150)
		path := "/v1/profiles/" + strings.ReplaceAll(url.PathEscape(id), ".", "%2E")
		var p lookup.Profile
		var m lookup.Memberships
		k.get(t, path, &p)
		k.get(t, path+"/memberships", &m)
		if p.Profile != id || m.Profile != id || !slices.Equal(m.Segments, []string{"hidden", "vip"}) {
			t.Errorf("%q: %+v, %+v", id, p, m)
		}
	}
}

func TestMembershipsAreLookedUp(t *testing.T) {
	k := keeping(t, Default())
	k.spends(t, "u1", 150)
	var m lookup.Memberships
	k.get(t, "/v1/profiles/u1/memberships", &m)
	if !slices.Equal(m.Segments, []string{"hidden", "vip"}) || m.Version != 2 || m.At != keptClock {
		t.Errorf("got %+v", m)
	}
	k.spends(t, "u1", 0)
	if k.get(t, "/v1/profiles/u1/memberships", &m); m.Segments == nil || len(m.Segments) > 0 || m.Version != 4 {
		t.Errorf("out of all: %+v", m)
	}
}

// Behind the first look-up of a shard, each asks Redis once.
func TestALookupIsOneRoundTrip(t *testing.T) {
	k := keeping(t, Default())
	k.spends(t, "u1", 150)
	var m lookup.Memberships
	k.get(t, "/v1/profiles/u1/memberships", &m)
	before := k.server.CommandCount()
	k.get(t, "/v1/profiles/u1/memberships", &m)
	if n := k.server.CommandCount() - before; n != 2 { // of one pipeline
		t.Errorf("%d commands", n)
	}
}

// A segment that is newer than the names that were read before is told too.
func TestMembershipsOfANewSegment(t *testing.T) {
	k := keeping(t, Default())
	k.spends(t, "u1", 150)
	var m lookup.Memberships
	k.get(t, "/v1/profiles/u1/memberships", &m)
	more, err := rules.Load(rules.Source{Name: "more.yaml", Data: []byte(keptRules + `
  - id: rich
    rule: traits.spent >= 120
`)})
	if err != nil {
		t.Fatal(err)
	}
	k.open(t, more)
	k.spends(t, "u1", 151)
	for range 2 {
		if k.get(t, "/v1/profiles/u1/memberships", &m); !slices.Equal(m.Segments, []string{"hidden", "rich", "vip"}) {
			t.Errorf("got %+v", m)
		}
	}
}

func TestProfilesThatAreNone(t *testing.T) {
	k := keeping(t, Default())
	for _, tail := range []string{"", "/memberships", "/explain?segment=vip"} {
		refused(t, "nobody", k.ask(t, access.Read, http.MethodGet, "/v1/profiles/nobody"+tail, nil), http.StatusNotFound, "There is no profile nobody", "known from its first event on")
		for _, id := range []string{"null", "undefined", "NULL"} {
			refused(t, id, k.ask(t, access.Read, http.MethodGet, "/v1/profiles/"+id+tail, nil), http.StatusBadRequest, "blocked ids")
		}
		long := strings.Repeat("x", 5000)
		refused(t, "a long id", k.ask(t, access.Read, http.MethodGet, "/v1/profiles/"+long+tail, nil), http.StatusBadRequest, "5000 bytes")
	}
	refused(t, "a wrong type", k.ask(t, access.Read, http.MethodGet, "/v1/profiles/u1?outbox=all", nil), http.StatusUnprocessableEntity, "query.outbox")
	refused(t, "out of bounds", k.ask(t, access.Read, http.MethodGet, "/v1/profiles/u1?outbox=100001", nil), http.StatusUnprocessableEntity, "query.outbox")
}

func TestAggregatesOfAProfileAreTold(t *testing.T) {
	k := keeping(t, Default())
	k.apply(t, `{"type":"track","userId":"u1","event":"Order Completed","properties":{"revenue":3}}`)
	aggregates := func(query string) *lookup.Profile {
		var p lookup.Profile
		k.get(t, "/v1/profiles/u1"+query, &p)
		return &p
	}
	orders := lookup.Aggregate{Aggregate: `count(events("Order Completed", "30d"))`, Kind: "number", Value: 1.0}
	if p := aggregates(""); len(p.Aggregates) != 1 || p.Aggregates[0] != orders || p.LeftOut != 0 || p.Foreign {
		t.Errorf("got %+v", p)
	}
	if p := aggregates("?aggregates=0"); p.Aggregates == nil || len(p.Aggregates) != 0 || p.LeftOut != 1 {
		t.Errorf("none: %+v", p)
	}
	for _, wrong := range []string{"-1", "10001", "all"} {
		refused(t, wrong, k.ask(t, access.Read, http.MethodGet, "/v1/profiles/u1?aggregates="+wrong, nil), http.StatusUnprocessableEntity, "query.aggregates")
	}

	// The rules here go ahead of those of the shard: of what is not kept, a
	// count is missing and not 0.
	ahead, err := rules.Load(rules.Source{Name: "ahead.yaml", Data: []byte(keptRules + `
  - id: big
    rule: sum(events("Order Completed"), .revenue) > 2 or count(events("Bought")) > 3
`)})
	if err != nil {
		t.Fatal(err)
	}
	k.live.Publish(ahead)
	want := []lookup.Aggregate{
		{Aggregate: `count(events("Bought"))`, Kind: "missing"}, orders,
		{Aggregate: `sum(map(events("Order Completed"), .revenue))`, Kind: "missing"},
	}
	if p := aggregates(""); !slices.Equal(p.Aggregates, want) || !p.Foreign {
		t.Errorf("of rules ahead: %+v", p)
	}
	if p := aggregates("?aggregates=2"); !slices.Equal(p.Aggregates, want[:2]) || p.LeftOut != 1 {
		t.Errorf("two of three: %+v", p)
	}

	// When the shard goes by them too, they are kept from then on.
	k.open(t, ahead)
	k.apply(t, `{"type":"track","userId":"u1","event":"Order Completed","properties":{"revenue":4.5}}`)
	want[1].Value, want[1].AtLeast = 2.0, true // no rule tells more from 2
	want[0].Kind, want[0].Value, want[2].Kind, want[2].Value = "number", 0.0, "number", 4.5
	if p := aggregates(""); !slices.Equal(p.Aggregates, want) || p.Foreign {
		t.Errorf("of the shard's rules: %+v", p)
	}
}

func TestAMembershipIsExplained(t *testing.T) {
	k := keeping(t, Default())
	k.spends(t, "u1", 150)
	var x explained
	k.get(t, "/v1/profiles/u1/explain?segment=vip", &x)
	if x.Rule == nil || x.Rule.Holds == nil || !*x.Rule.Holds || x.Rule.Text == "" || x.Warning != "" {
		text, _ := json.Marshal(x)
		t.Errorf("got %s", text)
	}
	k.get(t, "/v1/profiles/u1/explain?segment=buyers&at=2030-01-01T00:00:00Z", &x)
	if *x.Rule.Holds || x.At.Year() != 2030 {
		t.Errorf("buyers in 2030: %+v", x)
	}
	for path, want := range map[string]int{
		"":                                     http.StatusUnprocessableEntity,
		"?segment=vipp":                        http.StatusNotFound,
		"?segment=vip&at=noon":                 http.StatusUnprocessableEntity,
		"?segment=vip&at=2001-01-01T00:00:00Z": http.StatusBadRequest,
	} {
		refused(t, path, k.ask(t, access.Read, http.MethodGet, "/v1/profiles/u1/explain"+path, nil), want)
	}
}
