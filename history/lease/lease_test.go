package lease

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/history/archive"
	"muster/history/files"
	"muster/history/internal/jsonfile"
	"muster/test/kit/s3"
)

func none() Done { return Done{} }

// placed is the work directory and the id of a request that has a folder there.
func placed(request string) (Place, string) {
	return files.Folder{Dir: filepath.Dir(filepath.Dir(request)), Mode: 0o644}, filepath.Base(request)
}

func requestIn(t *testing.T) string { return filepath.Join(t.TempDir(), "requests", "r") }

func takeOne(t *testing.T, request string, index int) *Lease {
	t.Helper()
	p, id := placed(request)
	l, err := Take(p, id, Task{Stage: "index", Index: index}, none)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func look(t *testing.T, request string, now time.Time) *Work {
	t.Helper()
	p, id := placed(request)
	w, err := Look(p, id, now)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// A request is worked on from its first task on, while one is done, and for a
// day after the last; once nothing is left to do it is not.
func TestWorkedOn(t *testing.T) {
	request := filepath.Join(t.TempDir(), "requests", "a")
	if w := look(t, request, time.Now()); !w.Since(time.Now()).IsZero() || w.ID != "a" {
		t.Errorf("before any task: %+v", w)
	}
	before := time.Now()
	first := takeOne(t, request, 0)
	began := look(t, request, time.Now()).Since(time.Now())
	if began.Before(before) || began.After(time.Now()) {
		t.Errorf("it was begun at %s", began)
	}
	if err := first.Release(false); err != nil {
		t.Fatal(err)
	}
	second := takeOne(t, request, 1)
	expect := func(what string, later time.Duration, want time.Time, busy int) {
		t.Helper()
		now := time.Now().Add(later)
		if w := look(t, request, now); !w.Since(now).Equal(want) || len(w.Busy(now)) != busy {
			t.Errorf("%s: since %s, %d at work; want since %s, %d", what, w.Since(now), len(w.Busy(now)), want, busy)
		}
	}
	expect("the second task runs", 0, began, 1)
	expect("it is locked and has not written for a year", 24*365*time.Hour, began, 1)
	if err := second.Release(false); err != nil {
		t.Fatal(err)
	}
	expect("between two tasks", rest-time.Minute, began, 0)
	expect("long after a task", rest+time.Minute, time.Time{}, 0)
	third := takeOne(t, request, 2)
	expect("another task, whenever it comes", 0, began, 1)
	if err := third.Release(true); err != nil {
		t.Fatal(err)
	}
	expect("all is done", 0, time.Time{}, 0)
	if left, _ := filepath.Glob(filepath.Join(request, folderName, "index-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// A lease tells what is done under it, and how far that is.
func TestALeaseTells(t *testing.T) {
	request := requestIn(t)
	task := Task{Stage: "evaluate", Index: 7, Piece: 1, Pieces: 2}
	p, id := placed(request)
	l, err := Take(p, id, task, func() Done { return Done{Bytes: 5, Rows: 6} })
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Release(false); err != nil {
			t.Error(err)
		}
	}()
	all := look(t, request, time.Now()).Holders
	if len(all) != 1 || all[0].Task != task || all[0].Done != (Done{5, 6}) || all[0].PID != os.Getpid() {
		t.Errorf("%+v", all)
	}
}

const asked = "MUSTER_TEST_LEASE"

// The lease of a process that was killed is known not to be locked, and lives on
// for two hours, as on a machine that has no locks with this one; then it is swept
// away.
func TestTheLeaseOfWhoWasKilled(t *testing.T) {
	if request := os.Getenv(asked); request != "" {
		takeOne(t, request, 3)
		if _, err := fmt.Fprintln(os.Stdout, "taken"); err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed
		return
	}
	dir := t.TempDir()
	request := filepath.Join(dir, "requests", "b")
	other := exec.Command(os.Args[0], "-test.run=^TestTheLeaseOfWhoWasKilled$")
	other.Env = append(os.Environ(), asked+"="+request)
	in, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "taken\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	year := time.Now().Add(24 * 365 * time.Hour)
	if all := look(t, request, year).Busy(year); len(all) != 1 || all[0].PID != other.Process.Pid || all[0].Index != 3 {
		t.Fatalf("another process is not seen at work: %+v", all)
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait() // it was killed

	place, id := placed(request)
	for task, want := range map[Task]int{{Stage: "index", Index: 3}: 1, {Stage: "index", Index: 30}: 0, {Stage: "index", Index: 3, Piece: 1, Pieces: 2}: 0} {
		if n, err := Deaths(place, id, task); n != want || err != nil {
			t.Errorf("%d processes have died of %+v, want %d, %v", n, task, want, err)
		}
	}
	living := takeOne(t, request, 3)
	if n, err := Deaths(place, id, living.holder.Task); n != 1 || err != nil {
		t.Errorf("with one at work %d have died, %v", n, err)
	}
	if err := living.Release(false); err != nil {
		t.Fatal(err)
	}

	beat := look(t, request, time.Now()).Holders[0].Beat
	for _, c := range []struct {
		later time.Duration
		live  int
	}{{0, 1}, {life - time.Second, 1}, {life + time.Second, 0}} {
		now := beat.Add(c.later)
		if err := Sweep(files.Folder{Dir: dir}, now); err != nil {
			t.Fatal(err)
		}
		list, err := All(files.Folder{Dir: dir}, now)
		if err != nil || len(list) != 1 || list[0].ID != "b" {
			t.Fatalf("%v, %v", list, err)
		}
		if w := list[0]; len(w.Busy(now)) != 0 || len(w.Holders) != c.live {
			t.Errorf("%s after its last word: %d at work, %d live", c.later, len(w.Busy(now)), len(w.Holders))
		}
	}
	if left, _ := filepath.Glob(filepath.Join(request, folderName, "index-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// Another machine's process, whose lock is not seen here, is at work as long as it
// says so.
func TestWhoIsAtWorkElsewhere(t *testing.T) {
	now := time.Unix(1e9, 0)
	w := &Work{Holders: []Holder{{Host: "elsewhere.example", Beat: now}}}
	for later, busy := range map[time.Duration]int{quiet - time.Second: 1, quiet: 0, -time.Hour: 1} {
		if got := len(w.Busy(now.Add(later))); got != busy {
			t.Errorf("%s after its last word %d are at work", later, got)
		}
	}
}

// Whoever is at work says so again and again.
func TestALeaseIsRenewed(t *testing.T) {
	request := requestIn(t)
	p, id := placed(request)
	l, err := take(p, id, Task{Stage: "index"}, none, time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Release(false); err != nil {
			t.Error(err)
		}
	}()
	first := look(t, request, time.Now()).Holders[0].Beat
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if look(t, request, time.Now()).Holders[0].Beat.After(first) {
			return
		}
	}
	t.Error("it is not")
}

// What can't be read is named.
func TestADamagedLease(t *testing.T) {
	request := requestIn(t)
	path := filepath.Join(request, folderName, "index-0-1.json")
	if err := jsonfile.Write(path, "no lease"); err != nil {
		t.Fatal(err)
	}
	p, id := placed(request)
	if _, err := Look(p, id, time.Now()); err == nil {
		t.Error("it is read")
	}
}

// In a bucket, too, a task is known while it is done, and the request between its
// tasks.
func TestALeaseInABucket(t *testing.T) {
	server := s3.Start(t)
	s3.SignIn(t, s3.Access, s3.Secret)
	s3.Make(t, server, "state")
	c := archive.Default()
	c.Endpoint, c.PathStyle = server.Endpoint(), true
	b, err := files.OpenBucket(t.Context(), "s3://state/w", c)
	if err != nil {
		t.Fatal(err)
	}
	var all []*Lease
	for i := range 3 {
		l, err := Take(b, "r", Task{Stage: "index", Index: i}, func() Done { return Done{Bytes: 7} })
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	year := time.Now().Add(24 * 365 * time.Hour)
	w, err := Look(b, "r", year)
	if err != nil || len(w.Busy(year)) != 3 || w.Holders[1].Index != 1 || w.Holders[1].Bytes != 7 {
		t.Fatalf("%+v, %v", w, err)
	}
	for i, l := range all {
		if err := l.Release(i == 2); err != nil {
			t.Fatal(err)
		}
		works, err := All(b, time.Now())
		if err != nil || len(works) != 1 || len(works[0].Holders) != 2-i || works[0].Since(time.Now()).IsZero() != (i == 2) {
			t.Errorf("after %d: %+v, %v", i, works, err)
		}
	}
	err = b.List("", func(i files.Info) error {
		if !strings.HasSuffix(i.Name, workedName+lockEnding) {
			t.Errorf("%s is left", i.Name)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
