package load

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"muster/api/access"
	"muster/test/kit/port"
)

// apiSizes say how much is measured of the API.
type apiSizes struct {
	cases    []string
	options  options
	asked    float64 // requests a second
	members  int
	segments int // of which one is edited
	edits    int
}

// apiLine is what every case says, with figures of its own beside.
type apiLine struct {
	Bench string  `json:"bench"`
	Aim   float64 `json:"aim"`
	Met   bool    `json:"met"`
}

// The aims of the API.
const (
	lookupAim  = 2.0  // ms, of p99
	growthAim  = 32.0 // MB that the heap may grow by, of any number of members
	editAim    = 2000 // ms, of the slowest edit
	askedRate  = "5000"
	editsMade  = 10
	listedSize = "1000000"
)

// TestAPI measures what the environment asks for, and fails where an aim is
// missed.
func TestAPI(t *testing.T) {
	file := os.Getenv("MUSTER_API")
	if file == "" {
		t.Skip("takes the machine for long; runs with MUSTER_API=FILE (make bench PART=api)")
	}
	p := populations(number(t, "HOT", "100000"), 1)["hot"]
	sizes := apiSizes{
		cases: list("API", "memberships,members,definition"),
		options: options{
			populations: []population{p}, segments: []int{1000}, events: number(t, "EVENTS", "300000"), repeats: 1,
			live: time.Duration(number(t, "LIVE", "8")) * time.Second, profiles: os.Getenv("MUSTER_LOAD_PROFILE"),
		},
		asked: float64(number(t, "ASKED", askedRate)), members: number(t, "MEMBERS", listedSize),
		segments: number(t, "DEFINITIONS", "10000"), edits: editsMade,
	}
	out := json.NewEncoder(appendTo(t, file))
	measureAPI(t, &sizes, func(line aimed) {
		if err := out.Encode(line); err != nil {
			t.Fatal(err)
		}
		if !line.met() {
			t.Errorf("an aim is missed: %+v", line)
		}
	})
}

// aimed is a line that has an aim.
type aimed interface{ met() bool }

func (l apiLine) met() bool { return l.Met }

// measureAPI measures the cases in their order, and tells each line when it is
// there.
func measureAPI(t *testing.T, sizes *apiSizes, tell func(aimed)) {
	t.Helper()
	for _, one := range []struct {
		name    string
		measure func(testing.TB, *apiSizes) aimed
	}{{"memberships", measureLookups}, {"members", measureListing}, {"definition", measureEdits}, {"questions", measureQuestions}} {
		if slices.Contains(sizes.cases, one.name) {
			t.Run(one.name, func(t *testing.T) { tell(one.measure(t, sizes)) })
		}
	}
}

// TestSmallAPI measures all of it in small, so that it can't rot. It looks at
// no clock.
func TestSmallAPI(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers and services; runs without -short (make test)")
	}
	var lines []aimed
	measureAPI(t, &apiSizes{
		cases: []string{"memberships", "members", "definition", "questions"},
		options: options{
			populations: []population{{name: "hot", profiles: 400, cache: 1 << 20, fits: true}}, segments: []int{few}, events: 20_000, repeats: 1,
			live: time.Second / 2, whole: true,
		},
		asked: 200, members: 5000, segments: 50, edits: 2,
	}, func(line aimed) { lines = append(lines, line) })
	if len(lines) != 4 {
		t.Fatalf("there are %d lines", len(lines))
	}
	if l := lines[0].(lookupLine); l.P99 <= 0 || l.Without <= 0 || l.Requests < 50 || l.Events <= 0 || l.CPU <= 0 {
		t.Errorf("look-ups: %+v", l)
	}
	if l := lines[1].(listingLine); l.Members != 5000 || l.Seconds <= 0 || l.Before <= 0 {
		t.Errorf("the listing: %+v", l)
	}
	if l := lines[2].(editLine); l.Published <= 0 || l.Slowest < l.Published || l.Evaluators != 2 {
		t.Errorf("edits: %+v", l)
	}
	if l := lines[3].(questionsLine); l.Ratio <= 0 || l.P99 <= 0 || l.Without <= 0 || l.Answers <= 0 || l.Events <= 0 {
		t.Errorf("questions: %+v", l)
	}
}

// asker is who asks an API.
type asker struct {
	t       testing.TB
	tokens  string // file
	token   string
	address []string // of the services, in the order of their start
}

// newAsker makes a token that may read and write.
func newAsker(t testing.TB) *asker {
	t.Helper()
	secret, token, err := access.Create("bench", []access.Scope{access.Read, access.Write})
	if err != nil {
		t.Fatal(err)
	}
	a := &asker{t: t, token: secret, tokens: filepath.Join(t.TempDir(), "tokens")}
	if err := os.WriteFile(a.tokens, []byte(token.Line()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

// arguments have one more service serve the API.
func (a *asker) arguments() []string {
	a.t.Helper()
	a.address = append(a.address, port.Hold(a.t).Address())
	return []string{"-api", a.address[len(a.address)-1], "-tokens", a.tokens}
}
