package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"muster/rules"
	"muster/segments"
	"muster/test/kit/ruleset"
	"muster/test/kit/workload"
)

// editLine is how long an edit takes until everybody goes by it.
type editLine struct {
	apiLine
	Published  float64   `json:"published_ms"` // the slowest edit, until all evaluators had its rules
	Slowest    float64   `json:"live_ms"`      // the same, until all shards were committed under them
	Median     float64   `json:"live_ms_median"`
	All        []float64 `json:"live_ms_all"`
	Segments   int       `json:"segments"`
	Evaluators int       `json:"evaluators"`
	Profiles   int       `json:"profiles"`
}

// editEvents is how many events a second come while definitions are edited.
const editEvents = 200

// measureEdits edits one of many definitions at a time while two evaluators
// run and some events come.
func measureEdits(t testing.TB, sizes *apiSizes) aimed {
	t.Helper()
	o := &sizes.options
	p := o.populations[0]
	b := &bench{
		t: t, options: o, segments: segmentations(t, t.TempDir(), []int{sizes.segments}), redis: startRedis(t, shards), broker: startBroker(t), progress: t.Output(),
	}
	b.begin(p)
	a := newAsker(t)
	r := &run{
		t: t, options: o, population: p, contender: contender{engine, sizes.segments}, segments: b.segments[sizes.segments], redis: b.redis,
		more: func() []string { return append(a.arguments(), "-definitions") },
	}
	defer r.end()
	r.begin(b.broker, "definitions")
	e := newEditor(r, a)
	r.traffic = newTraffic(p)
	r.start(2, b.broker, 0)
	r.awaitShared()
	a.awaitServed(a.address[0])
	stop := r.trickle()
	defer stop()
	l := editLine{Segments: sizes.segments, Evaluators: len(r.services), Profiles: p.profiles}
	for number := range sizes.edits {
		published, committed := e.edit(number)
		l.Published = max(l.Published, published)
		l.All = append(l.All, committed)
	}
	l.Slowest, l.Median = slices.Max(l.All), median(l.All)
	l.apiLine = apiLine{"api/definition", editAim, l.Slowest <= editAim}
	return l
}

// awaitShared waits until every process owns a shard.
func (r *run) awaitShared() {
	r.t.Helper()
	for deadline := time.Now().Add(patience); slices.Contains(r.services.owned(), 0); time.Sleep(lookEvery) {
		r.services.check()
		if time.Now().After(deadline) {
			r.t.Fatalf("by process, %v shards are owned:\n%s", r.services.owned(), r.services.tail())
		}
	}
}

// trickle sends a few events until stop is called.
func (r *run) trickle() (stop func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Second / editEvents)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				r.topic.flush()
				return
			case <-tick.C:
				r.topic.send(r.traffic.next(), nil)
			}
		}
	}()
	return func() { close(ended); <-done }
}

// editor edits the definitions of a run.
type editor struct {
	*run
	asker   *asker
	texts   map[string]string // the rules, by segment
	edition float64
}

// newEditor stores all segments as definitions.
func newEditor(r *run, a *asker) *editor {
	r.t.Helper()
	store := openStore(r.t, r.redis.server.Address)
	defer store.Close()
	e := &editor{run: r, asker: a, texts: map[string]string{}, edition: 1}
	all := map[string]string{}
	for id, rule := range r.segments.rules {
		e.texts[id] = rule.Text(workload.Muster)
	}
	split, wrong := rules.Split(rules.Source{Data: []byte(ruleset.File(e.texts))})
	if len(wrong) > 0 {
		r.t.Fatal(wrong)
	}
	for _, one := range split {
		all[one.ID] = one.Text
	}
	definitions := segments.NewDefinitions(store, func() int64 { return time.Now().UnixMilli() }, nil)
	if _, err := definitions.Apply(r.t.Context(), segments.Edit{Write: all, If: segments.Any}, segments.Author{Who: "bench"}); err != nil {
		r.t.Fatalf("storing definitions: %v", err)
	}
	return e
}

// put writes one definition, as people and programs do.
func (e *editor) put(id, rule string) {
	e.t.Helper()
	body, err := json.Marshal(map[string]string{"rule": rule})
	if err != nil {
		e.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(e.t.Context(), http.MethodPut, "http://"+e.asker.address[0]+"/v1/segments/"+id, bytes.NewReader(body))
	if err != nil {
		e.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+e.asker.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		e.t.Fatal(err)
	}
	defer response.Body.Close()
	if answer, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK {
		e.t.Fatalf("editing %s: %s, %v: %s", id, response.Status, err, answer)
	}
}

// edit negates the rule of a segment, and returns how long it took, in ms,
// until all evaluators had the rules and until all shards went by them.
func (e *editor) edit(number int) (published, committed float64) {
	e.t.Helper()
	id := fmt.Sprintf("s-%06d", number*len(e.texts)/editsMade%len(e.texts))
	e.texts[id] = "not (" + e.texts[id] + ")"
	want := ruleset.Compile(e.t, e.texts).Fingerprint()
	began := time.Now()
	e.put(id, e.texts[id])
	e.edition++
	for deadline := began.Add(patience); published == 0 || committed == 0; time.Sleep(5 * lookEvery) {
		if published == 0 && e.publishedBy() {
			published = rounded(millis(time.Since(began)))
		}
		if committed == 0 && e.committedUnder(want) {
			committed = rounded(millis(time.Since(began)))
		}
		e.services.check()
		if time.Now().After(deadline) {
			e.t.Fatalf("edit %d is not live: published after %v ms, committed after %v:\n%s", number, published, committed, e.services.tail())
		}
	}
	return published, max(published, committed)
}

// publishedBy reports whether all evaluators have the newest edition.
func (e *editor) publishedBy() bool {
	e.t.Helper()
	return !slices.ContainsFunc(e.services, func(s *service) bool { return s.metrics()["muster_segments_edition"] < e.edition })
}

// committedUnder reports whether all shards are stored under a rule set.
func (e *editor) committedUnder(fingerprint string) bool {
	e.t.Helper()
	for shard := range e.redis.shards {
		got, err := e.redis.client.HGet(e.t.Context(), fmt.Sprintf("m:{s%d}:meta", shard), "rules").Result()
		if err != nil {
			e.t.Fatalf("reading the rules of shard %d: %v", shard, err)
		}
		if got != fingerprint {
			return false
		}
	}
	return true
}
