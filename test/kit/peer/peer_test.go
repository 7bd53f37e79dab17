package peer

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	got, ok := parse([]byte(`{"what":"measured","events":15000,"seconds":0.250,"events_s":60000.5,"changes":7,"cpu_us_event":27.60,"gc_ms":3}`))
	if want := (Said{What: "measured", EventsPerSecond: 60000.5, CPU: 27.6}); !ok || got != want {
		t.Errorf("it is %+v, %v, want %+v", got, ok, want)
	}
	for _, other := range []string{"", "[main] INFO something", `{"events":3}`} {
		if got, ok := parse([]byte(other)); ok {
			t.Errorf("%q is %+v, want nothing", other, got)
		}
	}
}

// TestNoSource: whoever lacks the source is told what it is and what to set.
func TestNoSource(t *testing.T) {
	folder := t.TempDir()
	_, err := Build(t.Context(), folder)
	if !errors.Is(err, ErrNoSource) || !strings.Contains(err.Error(), folder) || !strings.Contains(err.Error(), "PEER=path") {
		t.Errorf("the error is %v, want one that names the folder and PEER=path", err)
	}
}

// TestFingerprint: every part of the source has the peer built anew.
func TestFingerprint(t *testing.T) {
	source := t.TempDir()
	if err := os.Mkdir(filepath.Join(source, "src"), 0o700); err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, change := range []struct{ file, text string }{
		{"pom.xml", "1"}, {"src/A.java", "1"}, {"src/A.java", "2"}, {"src/B.java", "2"}, {"pom.xml", "2"},
	} {
		if err := os.WriteFile(filepath.Join(source, change.file), []byte(change.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if change.file == "pom.xml" && change.text == "1" {
			continue // src is still empty
		}
		sum, err := fingerprint(source)
		if err != nil {
			t.Fatal(err)
		}
		if before, known := seen[sum]; known {
			t.Errorf("%s has the fingerprint of %s", change.file, before)
		}
		seen[sum] = change.file
	}
}

func TestMemberships(t *testing.T) {
	got, err := ReadMemberships(strings.NewReader(`{"profile":"a","segments":["s","t"]}` + "\n" + `{"profile":"b","segments":[]}` + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	other := Memberships{{"a", "s"}: {}, {"b", "t"}: {}}
	if n, one := got.Without(other); len(got) != 2 || n != 1 || one != (Membership{"a", "t"}) {
		t.Errorf("%v has %d without another, such as %v; want a in t", got, n, one)
	}
	if n, one := other.Without(got); n != 1 || one != (Membership{"b", "t"}) {
		t.Errorf("%d are missing, such as %v; want b in t", n, one)
	}
	if n, _ := got.Without(got); n != 0 {
		t.Errorf("%d are missing of the same", n)
	}
	if _, err := ReadMemberships(strings.NewReader(`{"profile":"a","segm`)); err == nil {
		t.Error("half a line is read without an error")
	}
}
