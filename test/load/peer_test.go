package load

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"muster/test/kit/peer"
	"muster/test/kit/workload"
)

// everysec has Redis write down what it is told, as docs/operations.md asks
// for: the peer writes down its profiles too.
var everysec = []string{"appendonly yes", "appendfsync everysec"}

// building bounds the first use of the peer, for which Maven fetches.
const building = 10 * time.Minute

// warmRecords is how many records a run needs to say anything about speed.
const warmRecords = 300_000

// TestPeer measures Muster and its peers on the same records and the same
// broker, in turns, and fails when Muster misses an aim, or when the two
// disagree about who is in which segment.
func TestPeer(t *testing.T) {
	file := os.Getenv("MUSTER_PEER")
	if file == "" {
		t.Skip("takes the machine for long; runs with MUSTER_PEER=FILE (make bench-peer)")
	}
	out := appendTo(t, file)
	t.Setenv("MUSTER_E2E", "real") // the peer commits by transactions, which only a real broker has
	d := readDuel(t)
	for _, n := range d.segments {
		for _, line := range d.measure(n) {
			if err := json.NewEncoder(out).Encode(line); err != nil {
				t.Fatal(err)
			}
			if text := line.missed(); text != "" {
				t.Error(text)
			}
		}
	}
}

// duel is what all rounds of Muster beside its peers have in common.
type duel struct {
	bench
	segments   []int
	peers      []string
	population population
	built      string // folder of the peer
}

// readDuel reads the environment, see the package's documentation, and starts
// what all rounds share.
func readDuel(t testing.TB) *duel {
	t.Helper()
	d := &duel{peers: list("PEERS", strings.Join(peers, ","))}
	for _, name := range d.peers {
		if _, known := modes[name]; !known {
			t.Fatalf("MUSTER_LOAD_PEERS: %q is none of %s", name, strings.Join(peers, ", "))
		}
	}
	for _, text := range list("SEGMENTS", "1000,10000") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("MUSTER_LOAD_SEGMENTS: %q is not a number of segments", text)
		}
		d.segments = append(d.segments, n)
	}
	slices.Sort(d.segments)
	d.population = populations(number(t, "HOT", "100000"), 1)["hot"]
	ctx, cancel := context.WithTimeout(t.Context(), building)
	defer cancel()
	var err error
	if d.built, err = peer.Build(ctx, peerSource(t)); err != nil {
		t.Fatal(err)
	}
	if n := number(t, "EVENTS", "700000"); n < warmRecords {
		fmt.Fprintf(os.Stderr, "%d records are fewer than %d: Java is still compiling while the peer is measured, so ratios mean nothing\n", n, warmRecords)
	}
	d.bench = bench{
		t:        t,
		options:  &options{repeats: number(t, "REPEATS", "3"), events: number(t, "EVENTS", "700000"), live: time.Duration(number(t, "LIVE", "8")) * time.Second},
		segments: segmentations(t, t.TempDir(), slices.Compact(slices.Clone(d.segments))),
		redis:    startRedis(t, shards, everysec...), broker: startBroker(t), progress: os.Stderr,
	}
	return d
}

// peerSource is the absolute path of the folder that the peer is built from. A
// path in the environment that is not absolute begins at the root of the
// repository.
func peerSource(t testing.TB) string {
	t.Helper()
	source := setting("PEER", filepath.Join("..", "shared", "peers", "kafka-streams"))
	if filepath.IsAbs(source) {
		return source
	}
	whole, err := filepath.Abs(filepath.Join("..", "..", source))
	if err != nil {
		t.Fatalf("looking for the peer's source: %v", err)
	}
	return whole
}

// measure measures all rounds with so many segments, and makes a line for each
// peer.
func (d *duel) measure(segments int) []beside {
	d.t.Helper()
	var muster []figures
	others := map[string][]pace{}
	for round := range d.options.repeats {
		f, paces := d.round(segments, fmt.Sprintf("peer-%d-%d", segments, round))
		muster = append(muster, f)
		for _, name := range d.peers {
			others[name] = append(others[name], paces[name])
			d.say("%d segments, round %d of %d, %s: %.0f events/s, CPU %.1f us; Muster: %.0f events/s, CPU %.1f us, Redis %.1f us",
				segments, round+1, d.options.repeats, name, paces[name].events, paces[name].cpu, f.EventsPerSecond, f.CPU, f.RedisCPU)
		}
	}
	var lines []beside
	for _, name := range d.peers {
		line := besideOf(segments, name, muster, others[name])
		line.Profiles, line.Records = d.population.profiles, d.options.events
		lines = append(lines, line)
	}
	return lines
}

// round measures every peer and then Muster on one topic. Muster is the last,
// because its half load adds records that the peers would have to read too.
func (d *duel) round(segments int, name string) (figures, map[string]pace) {
	d.t.Helper()
	r := &run{
		t: d.t, options: d.options, population: d.population, contender: contender{engine, segments},
		segments: d.bench.segments[segments], redis: d.redis, births: d.population.profiles,
	}
	defer r.end()
	r.topic = createTopic(d.t, d.broker, name, d.redis.shards)
	r.fill()
	paces, found := map[string]pace{}, map[string]peer.Memberships{}
	for _, one := range d.peers {
		paces[one], found[one] = d.runPeer(r, one)
	}
	d.empty()
	r.start(1, d.broker, 0)
	f := r.fullSpeed()
	r.catchUp()
	mine := r.memberships()
	if len(mine) == 0 {
		d.t.Errorf("%s: nobody is in any segment", r.contender)
	}
	d.say("%s: %d memberships to compare", r.contender, len(mine))
	for _, one := range d.peers {
		if text := differ(mine, found[one]); text != "" {
			d.t.Errorf("%d segments, %s: %s", segments, one, text)
		}
	}
	r.halfLoad(&f)
	return f, paces
}

// empty leaves a deployment in Redis that has no profiles yet.
func (d *duel) empty() {
	d.t.Helper()
	d.redis.restart()
	store := openStore(d.t, d.redis.server.Address)
	defer store.Close()
	if err := store.Init(d.t.Context(), d.redis.shards); err != nil {
		d.t.Fatalf("beginning a deployment: %v", err)
	}
}

// memberships are those that Redis has.
func (r *run) memberships() peer.Memberships {
	r.t.Helper()
	all := peer.Memberships{}
	for segment := range r.segments.rules {
		for _, profile := range r.members(segment) {
			all[peer.Membership{Profile: profile, Segment: segment}] = struct{}{}
		}
	}
	return all
}

// differ says how Muster's memberships and a peer's differ, "" if they don't.
func differ(muster, other peer.Memberships) string {
	only, one := muster.Without(other)
	if only > 0 {
		return fmt.Sprintf("%d memberships are Muster's alone, such as that of %s in %s", only, one.Profile, one.Segment)
	}
	if only, one = other.Without(muster); only > 0 {
		return fmt.Sprintf("%d memberships are the peer's alone, such as that of %s in %s", only, one.Profile, one.Segment)
	}
	return ""
}

// runPeer measures a peer on the topic of a run, from when as many records are
// applied as with Muster until the first partition has none left, and returns
// the memberships that it ends with.
func (d *duel) runPeer(r *run, name string) (pace, peer.Memberships) {
	d.t.Helper()
	app, folder := r.topic.name+"-"+name, d.t.TempDir()
	defer r.topic.remove(app+"-changes", app+"-profiles-changelog")
	defer os.RemoveAll(folder) // state of gigabytes is not kept until the end
	dump := filepath.Join(folder, "memberships")
	arguments := append([]string{
		"--bootstrap", d.broker, "--topic", r.topic.name, "--segments", peerSegments(d.t, folder, r.segments.rules), "--app", app, "--dump", dump,
		"--warm", strconv.FormatInt(r.warm(), 10), "--begins", offsets(make([]int64, len(r.ends))), "--ends", offsets(r.ends),
	}, modes[name]...)
	p, err := peer.Start(d.built, folder, arguments...)
	if err != nil {
		d.t.Fatal(err)
	}
	defer p.Kill()
	measured, err := p.Await(d.t.Context(), "measured", patience)
	if err == nil {
		_, err = p.Await(d.t.Context(), "done", patience)
	}
	if err == nil {
		err = p.Leave(d.t.Context(), patience)
	}
	if err != nil {
		d.t.Fatalf("%s: %v", app, err)
	}
	found, err := os.Open(dump)
	if err != nil {
		d.t.Fatalf("%s: opening its memberships: %v", app, err)
	}
	defer found.Close()
	memberships, err := peer.ReadMemberships(found)
	if err != nil {
		d.t.Fatalf("%s: %v", app, err)
	}
	return pace{measured.EventsPerSecond, measured.CPU}, memberships
}

// offsets writes those of all partitions as the peer takes them.
func offsets(all []int64) string {
	texts := make([]string, len(all))
	for i, n := range all {
		texts[i] = strconv.FormatInt(n, 10)
	}
	return strings.Join(texts, ",")
}

// peerSegments writes segments as the peer reads them, and returns the file.
func peerSegments(t testing.TB, folder string, drawn map[string]*workload.Predicate) string {
	t.Helper()
	type segment struct {
		ID   string `json:"id"`
		Rule string `json:"rule"`
	}
	var all struct {
		Segments []segment `json:"segments"`
	}
	for id, rule := range drawn {
		all.Segments = append(all.Segments, segment{id, rule.Text(workload.Muster)})
	}
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "segments.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
