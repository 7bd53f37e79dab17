package sink

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"muster/pipeline"
)

// sampleCommit has two changes of every other profile, in 7 segments.
func sampleCommit(profiles int) *pipeline.Commit {
	c := &pipeline.Commit{Next: 1000, Rules: "rules", NewNames: []string{"s:one"}, Hidden: map[string]bool{"segment-3": true}}
	for i := range profiles {
		id := fmt.Sprintf("profile-%d", i)
		c.Profiles = append(c.Profiles, pipeline.Write{Profile: id, Blob: []byte("blob"), Deadline: int64(i % 3), Timer: true})
		if i%2 == 0 {
			segment := fmt.Sprintf("segment-%d", i%7)
			c.Changes = append(c.Changes,
				pipeline.Change{Segment: segment, Profile: id, Entered: true, At: 1 << 40, Version: 1 << 50, Cause: pipeline.CauseEvent},
				pipeline.Change{Segment: "all", Profile: id, Entered: i%3 == 0, At: 1 << 40, Version: 1 << 50, Cause: pipeline.CauseTime})
			c.Reach = append(c.Reach, pipeline.Reach{Segment: segment, Profile: id, Day: 20778})
		}
	}
	return c
}

// What a commit costs does not grow with its profiles and changes, but for
// what go-redis takes for the answers.
func TestDraftsOfCommitsAllocateNothing(t *testing.T) {
	s := &Store{cfg: Default(), keys: keys{prefix: "m", buckets: 4096}, now: time.Now}
	c := sampleCommit(1000)
	var d draft
	sizes, marks := &knownSizes{of: map[string]int64{}}, &milestones{}
	allocated := testing.AllocsPerRun(20, func() {
		d.clear()
		s.draftReach(t.Context(), &d, c.Reach)
		tx := transaction{draft: &d, keys: s.keys, shard: 12, commit: c, sizes: sizes, milestones: marks}
		tx.fill(t.Context(), s.cfg.OutboxMax)
	})
	if len(d.commands) < 900 {
		t.Fatalf("only %d commands", len(d.commands))
	}
	// The keys of the shard itself are texts: one and its place as an any each.
	if allocated > 20 {
		t.Errorf("%.0f allocations", allocated)
	}
}

func TestDraftsKeepWhatWasAddedWhileTheyGrow(t *testing.T) {
	k := keys{prefix: "m", buckets: 1 << 20}
	c := sampleCommit(1000)
	var d draft
	tx := transaction{draft: &d, keys: k, shard: 12, commit: c, sizes: &knownSizes{of: map[string]int64{}}}
	tx.fillProfiles(t.Context())
	found := map[string]string{}
	for i, command := range d.commands {
		arguments := command.Args()
		key := fmt.Sprint(arguments[1])
		for at := 2; at < len(arguments); at += 2 {
			found[*arguments[at].(*string)] = key
		}
		if command.Name() != "hset" || len(arguments) < 4 || !strings.HasPrefix(key, "m:{s12}:p:") {
			t.Errorf("command %d is %v", i, arguments)
		}
	}
	for _, w := range c.Profiles {
		if want := k.profiles(12, w.Profile); found[w.Profile] != want {
			t.Errorf("profile %s is written to %q, want %q", w.Profile, found[w.Profile], want)
		}
	}
}

func TestADraftThatHasGrownTooMuchIsDropped(t *testing.T) {
	s := &Store{}
	var kept, dropped, long draft
	kept.arguments, kept.commands = make([]any, 1, keptArguments), nil
	dropped.arguments = make([]any, 1, keptArguments+1)
	long.letters = make([]byte, 1, keptLetters+1)
	s.release(&kept)
	s.release(&dropped)
	s.release(&long)
	if len(kept.arguments) != 0 || len(dropped.arguments) != 1 || len(long.letters) != 1 {
		t.Error("the smaller draft must be taken back, the larger ones left alone")
	}
}
