package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/test/kit/peer"
)

// The peers: the same program, as three teams would build it.
const (
	affectedDedupe = "affected-dedupe"
	affected       = "affected"
	every          = "every"
)

// peers are all of them, in the order in which they take turns.
var peers = []string{affectedDedupe, affected, every}

// modes are the peers' own arguments. affected-dedupe means what Muster does:
// windows true to the millisecond, and repeats recognised. The other two have
// windows true to the hour, and take a repeat for a new event.
var modes = map[string][]string{
	affectedDedupe: {"--mode", "affected", "--bucket-ms", "1", "--dedupe", "1"},
	affected:       {"--mode", "affected"},
	every:          {"--mode", "every"},
}

// aims are how many times as fast as a peer Muster has to be, with the numbers
// of segments of heldTo. There is none against a peer that nobody who knows of
// the others would build.
var (
	aims   = map[string]float64{affectedDedupe: 3, affected: 1.5}
	heldTo = []int{1000, 10_000}
)

// pace is what one run of a peer measures.
type pace struct {
	events float64 // a second
	cpu    float64 // us an event
}

// beside is one line of output: Muster beside a peer. Figures are medians of
// the rounds, and ratio is the median of each round's ratio.
type beside struct {
	Bench        string  `json:"bench"`
	Segments     int     `json:"segments"`
	Peer         string  `json:"peer"`
	MusterEvents float64 `json:"muster_events_s"`
	PeerEvents   float64 `json:"peer_events_s"`
	Ratio        float64 `json:"ratio"`
	MusterCPU    float64 `json:"muster_cpu_us_event"` // of the service and of Redis
	PeerCPU      float64 `json:"peer_cpu_us_event"`   // its store is within it
	P50          float64 `json:"p50_ms"`              // Muster's, at half of its full speed
	P99          float64 `json:"p99_ms"`
	Profiles     int     `json:"profiles"`
	Records      int     `json:"events"`
	Repeats      int     `json:"repeats"`
}

// besideOf makes the line of a peer. Both lists have an entry a round.
func besideOf(segments int, name string, muster []figures, other []pace) beside {
	of := func(figure func(round int) float64) float64 {
		values := make([]float64, len(muster))
		for round := range values {
			values[round] = figure(round)
		}
		return rounded(median(values))
	}
	return beside{
		Bench: "peer", Segments: segments, Peer: name, Repeats: len(muster),
		MusterEvents: of(func(i int) float64 { return muster[i].EventsPerSecond }),
		PeerEvents:   of(func(i int) float64 { return other[i].events }),
		Ratio:        of(func(i int) float64 { return muster[i].EventsPerSecond / other[i].events }),
		MusterCPU:    of(func(i int) float64 { return muster[i].CPU + muster[i].RedisCPU }),
		PeerCPU:      of(func(i int) float64 { return other[i].cpu }),
		P50:          of(func(i int) float64 { return muster[i].P50 }),
		P99:          of(func(i int) float64 { return muster[i].P99 }),
	}
}

// missed says which aim a line misses, "" if none.
func (b *beside) missed() string {
	aim, has := aims[b.Peer]
	if !has || !slices.Contains(heldTo, b.Segments) || b.Ratio >= aim {
		return ""
	}
	return fmt.Sprintf("%d segments: Muster does %.2f times what the peer %s does, it must be at least %g", b.Segments, b.Ratio, b.Peer, aim)
}

// TestBesideOf: every figure is the median of the rounds, and the ratio that of
// one round, not of two medians.
func TestBesideOf(t *testing.T) {
	muster := []figures{
		{EventsPerSecond: 300, CPU: 1, RedisCPU: 5, P50: 1, P99: 30},
		{EventsPerSecond: 100, CPU: 3, RedisCPU: 4, P50: 3, P99: 20},
		{EventsPerSecond: 200, CPU: 2, RedisCPU: 9, P50: 2, P99: 10},
	}
	line := besideOf(1000, affected, muster, []pace{{100, 9}, {50, 8}, {200, 7}})
	var out bytes.Buffer
	if err := json.NewEncoder(&out).Encode(line); err != nil {
		t.Fatal(err)
	}
	want := `{"bench":"peer","segments":1000,"peer":"affected","muster_events_s":200,"peer_events_s":100,"ratio":2,` +
		`"muster_cpu_us_event":7,"peer_cpu_us_event":8,"p50_ms":2,"p99_ms":20,"profiles":0,"events":0,"repeats":3}` + "\n"
	if out.String() != want {
		t.Errorf("the line is\n%swant\n%s", out.String(), want)
	}
}

func TestAimsBesidePeers(t *testing.T) {
	for _, c := range []struct {
		line   beside
		misses bool
	}{
		{beside{Segments: 1000, Peer: affectedDedupe, Ratio: 2.99}, true},
		{beside{Segments: 10_000, Peer: affectedDedupe, Ratio: 3}, false},
		{beside{Segments: 10_000, Peer: affected, Ratio: 1.49}, true},
		{beside{Segments: 1000, Peer: affected, Ratio: 1.5}, false},
		{beside{Segments: 1000, Peer: every, Ratio: 0.1}, false},
		{beside{Segments: 100, Peer: affectedDedupe, Ratio: 0.1}, false},
	} {
		if text := c.line.missed(); (text != "") != c.misses {
			t.Errorf("%+v: %q, want an aim missed: %v", c.line, text, c.misses)
		}
	}
}

// TestPeersHaveModes: each of them can be run.
func TestPeersHaveModes(t *testing.T) {
	for _, name := range peers {
		if !slices.Contains(modes[name], "--mode") {
			t.Errorf("%s has no mode of its own: %q", name, modes[name])
		}
	}
}

// TestPeerSource: a path is that of the root of the repository, wherever the
// test runs, and an absolute one is left alone.
func TestPeerSource(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for given, want := range map[string]string{
		"":           filepath.Join(filepath.Dir(root), "shared", "peers", "kafka-streams"),
		"rivals/one": filepath.Join(root, "rivals", "one"),
		"/opt/rival": "/opt/rival",
	} {
		t.Setenv("MUSTER_LOAD_PEER", given)
		if got := peerSource(t); got != want {
			t.Errorf("PEER=%s is %s, want %s", given, got, want)
		}
	}
}

// TestDiffer: whatever one of the two lacks is found.
func TestDiffer(t *testing.T) {
	one := peer.Memberships{{Profile: "a", Segment: "s"}: {}, {Profile: "b", Segment: "s"}: {}}
	fewer := peer.Memberships{{Profile: "a", Segment: "s"}: {}}
	if text := differ(one, one); text != "" {
		t.Errorf("the same differ: %s", text)
	}
	if text := differ(one, fewer); !strings.Contains(text, "1 memberships are Muster's alone, such as that of b in s") {
		t.Errorf("the peer lacks b in s, but %q is told", text)
	}
	if text := differ(fewer, one); !strings.Contains(text, "1 memberships are the peer's alone, such as that of b in s") {
		t.Errorf("Muster lacks b in s, but %q is told", text)
	}
}
