package rules_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"muster/event"
	"muster/pipeline"
	"muster/profile"
	"muster/rules"
	"muster/test/kit/oracle"
)

// TestScripts runs testdata/*.txt through the engine and through the oracle
// and compares what both say with what the script expects. A script is made
// of these lines; lines of rules come first, # starts a remark:
//
//	entries N              the engine's bound of entries, before the rules
//	rule ID: TEXT          a segment; more lines may follow, indented
//	event JSON             a record of the Segment spec, decoded and applied
//	repeat N STEP JSON     N events, each STEP later than the one before
//	reject JSON            a record that can't be used; its reason follows
//	advance TIME           stream time moves on
//	changes                the changes since the last such line follow
//	members                all members follow
//
// Expected output is indented; -update rewrites it.
func TestScripts(t *testing.T) {
	for _, path := range testFiles(t, "*.txt") {
		t.Run(nameOf(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s := newScript(t, readSteps(string(data)))
			for i := range s.steps {
				s.run(&s.steps[i])
			}
			if *update {
				if err := os.WriteFile(path, []byte(s.text()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// step is a line of a script, with the indented lines under it.
type step struct {
	number   int
	verb     string
	argument string
	below    []string
}

func readSteps(text string) []step {
	var steps []step
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if strings.HasPrefix(line, "  ") && len(steps) > 0 {
			last := &steps[len(steps)-1]
			last.below = append(last.below, line)
			continue
		}
		verb, argument, _ := strings.Cut(line, " ")
		steps = append(steps, step{number: i + 1, verb: verb, argument: argument})
	}
	return steps
}

// script runs one file.
type script struct {
	t       *testing.T
	steps   []step
	ids     []string
	decoder *event.Decoder
	driver  *pipeline.Driver
	log     *oracle.Log
	changes []string
}

func newScript(t *testing.T, steps []step) *script {
	t.Helper()
	s := &script{t: t, steps: steps}
	texts := map[string]string{}
	var segments []rules.Segment
	limits := profile.Default()
	for _, st := range steps {
		if st.verb == "entries" {
			limits.Entries, _ = strconv.Atoi(st.argument)
		}
		if st.verb != "rule" {
			continue
		}
		id, text, _ := strings.Cut(st.argument, ":")
		text = strings.TrimSpace(text + "\n" + strings.Join(st.below, "\n"))
		segments, texts[id], s.ids = append(segments, rules.NewSegment(id, text)), text, append(s.ids, id)
	}
	slices.Sort(s.ids)
	if err := limits.Validate(); err != nil {
		t.Fatal(err)
	}
	set, err := rules.Compile(segments)
	if err != nil {
		t.Fatal(err)
	}
	if s.log, err = oracle.NewLog(texts); err != nil {
		t.Fatal(err)
	}
	if s.decoder, err = event.NewDecoder(event.Default()); err != nil {
		t.Fatal(err)
	}
	config := pipeline.Default()
	config.Profiles = limits
	s.driver = pipeline.NewDriver(set, config, pipeline.State{Next: -1}, nil)
	return s
}

func (s *script) run(st *step) {
	switch st.verb {
	case "", "#", "entries", "rule":
	case "event":
		events, rejected := s.decode(st.argument)
		if len(rejected) > 0 {
			s.t.Fatalf("line %d: %s", st.number, rejected[0].Reason)
		}
		for i := range events {
			s.apply(st, &events[i])
		}
	case "reject":
		_, rejected := s.decode(st.argument)
		if len(rejected) != 1 {
			s.t.Fatalf("line %d: %d rejections, want 1", st.number, len(rejected))
		}
		s.expect(st, []string{rejected[0].Reason})
	case "repeat":
		s.repeat(st)
	case "advance":
		s.advance(st, s.millis(st, st.argument))
	case "changes":
		s.expect(st, s.changes)
		s.changes = nil
	case "members":
		s.expect(st, s.members(st))
	default:
		s.t.Fatalf("line %d: unknown word %q", st.number, st.verb)
	}
}

func (s *script) decode(record string) ([]event.Event, []event.Rejection) {
	s.decoder.Reset()
	return s.decoder.Decode(nil, nil, []byte(record), 0, 0)
}

func (s *script) repeat(st *step) {
	fields := strings.SplitN(st.argument, " ", 3)
	n, err := strconv.Atoi(fields[0])
	every, err2 := time.ParseDuration(fields[1])
	if err != nil || err2 != nil {
		s.t.Fatalf("line %d: %v, %v", st.number, err, err2)
	}
	events, rejected := s.decode(fields[2])
	if len(events) != 1 {
		s.t.Fatalf("line %d: %v", st.number, rejected)
	}
	for range n {
		s.apply(st, &events[0])
		events[0].Time += every.Milliseconds()
		events[0].Arrival += every.Milliseconds()
	}
}

// apply feeds one event to both, after the time that passes before it.
func (s *script) apply(st *step, ev *event.Event) {
	s.t.Helper()
	want := s.log.Apply(ev)
	feed(s.t, s.driver, ev)
	s.compare(st, want)
}

func (s *script) advance(st *step, until int64) {
	s.t.Helper()
	want := s.log.Advance(until)
	advance(s.t, s.driver, until)
	s.compare(st, want)
}

// compare demands the oracle's changes of the engine, and keeps them.
func (s *script) compare(st *step, want []oracle.Change) {
	s.t.Helper()
	got := engineChanges(s.driver)
	if !slices.Equal(got, want) {
		s.t.Errorf("line %d: the engine's changes\n%+v\nare not the oracle's\n%+v", st.number, got, want)
	}
	for _, c := range got {
		verb := "leaves"
		if c.Entered {
			verb = "enters"
		}
		at := time.UnixMilli(c.At).UTC().Format("2006-01-02T15:04:05.000Z")
		s.changes = append(s.changes, fmt.Sprintf("%s %s %s %s (%s, version %d)", at, c.Profile, verb, c.Segment, c.Cause, c.Version))
	}
}

// engineChanges takes a driver's changes in the oracle's terms.
func engineChanges(driver *pipeline.Driver) []oracle.Change {
	changes := []oracle.Change{}
	for _, c := range driver.Changes() {
		changes = append(changes, oracle.Change{
			Segment: c.Segment, Profile: c.Profile, Entered: c.Entered, At: c.At, Version: c.Version, Cause: string(c.Cause),
		})
	}
	return changes
}

func (s *script) members(st *step) []string {
	s.t.Helper()
	var lines []string
	for _, id := range s.ids {
		members := []string{}
		s.driver.Members(id, func(profile string) { members = append(members, profile) })
		slices.Sort(members)
		if want := s.log.Oracle().Members(id); !slices.Equal(members, want) {
			s.t.Errorf("line %d: the engine's members of %s are %v, the oracle's %v", st.number, id, members, want)
		}
		lines = append(lines, strings.TrimSpace(id+": "+strings.Join(members, " ")))
	}
	return lines
}

// expect compares output with what the script has under a step.
func (s *script) expect(st *step, got []string) {
	s.t.Helper()
	for i := range got {
		got[i] = "  " + got[i]
	}
	if !*update && !slices.Equal(got, st.below) {
		s.t.Errorf("line %d: got\n%s\nwant\n%s", st.number, strings.Join(got, "\n"), strings.Join(st.below, "\n"))
	}
	st.below = got
}

func (s *script) millis(st *step, text string) int64 {
	s.t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		s.t.Fatalf("line %d: %v", st.number, err)
	}
	return at.UnixMilli()
}

// text is the script with its output brought up to date.
func (s *script) text() string {
	var b strings.Builder
	for _, st := range s.steps {
		b.WriteString(strings.TrimSuffix(st.verb+" "+st.argument, " ") + "\n")
		for _, line := range st.below {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// volatile returns a driver that stores nothing.
func volatile(set *rules.Set) *pipeline.Driver {
	return pipeline.NewDriver(set, pipeline.Default(), pipeline.State{Next: -1}, nil)
}

func feed(t *testing.T, d *pipeline.Driver, ev *event.Event) {
	t.Helper()
	if _, err := d.Apply(t.Context(), ev); err != nil {
		t.Fatal(err)
	}
}

func advance(t *testing.T, d *pipeline.Driver, until int64) {
	t.Helper()
	if err := d.Advance(t.Context(), until); err != nil {
		t.Fatal(err)
	}
}
