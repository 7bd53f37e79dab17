package segments

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"muster/pipeline"
	"muster/rules"
)

// told is what an Observer was told, in order, and how often was compiled.
type told struct {
	published []Published
	unchanged int
	refused   []error
	builds    int
}

// ear is an Observer that may be asked meanwhile.
type ear struct {
	mu   sync.Mutex
	told told
}

func (e *ear) hear(note func(*told)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	note(&e.told)
}

func (e *ear) heard() told {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.told
}

func (e *ear) listener() Observer {
	return Observer{
		Published: func(p Published) { e.hear(func(t *told) { t.published = append(t.published, p) }) },
		Unchanged: func() { e.hear(func(t *told) { t.unchanged++ }) },
		Refused:   func(err error) { e.hear(func(t *told) { t.refused = append(t.refused, err) }) },
	}
}

// desk is a folder of segments with a watcher over it, in virtual time.
type desk struct {
	t      *testing.T
	folder string
	files  *Files
	live   *pipeline.Live
	ask    chan os.Signal
	ear
	*Watcher
}

const shop = "segments:\n  - {id: pro, rule: traits.plan == 'pro'}\n  - {id: old, rule: traits.age > 60}\n"

// newDesk starts with shop.yaml in force and 10 seconds between looks.
func newDesk(t *testing.T, change func(every *time.Duration)) *desk {
	t.Helper()
	d := &desk{t: t, folder: t.TempDir(), ask: make(chan os.Signal, 1)}
	d.write("shop.yaml", shop)
	sources, err := Read(d.folder)
	if err != nil {
		t.Fatal(err)
	}
	set, err := Compile(rules.Options{}, sources...)
	if err != nil {
		t.Fatal(err)
	}
	every := 10 * time.Second
	if change != nil {
		change(&every)
	}
	d.live, d.files = pipeline.NewLive(set), NewFiles(d.folder, ContentOf(sources))
	d.Watcher = NewWatcher(d.files, ContentOf(sources), every, d.live, pipeline.NewSample(), d.listener())
	d.files.build = func(o rules.Options, sources ...rules.Source) (*rules.Set, error) {
		d.hear(func(t *told) { t.builds++ })
		return Compile(o, sources...)
	}
	return d
}

// write writes a file as of now. Files would otherwise have the time of the
// machine, and not that of the bubble.
func (d *desk) write(name, text string) {
	d.t.Helper()
	path := filepath.Join(d.folder, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Chtimes(path, time.Time{}, time.Now()); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) remove(name string) {
	d.t.Helper()
	if err := os.Remove(filepath.Join(d.folder, name)); err != nil {
		d.t.Fatal(err)
	}
}

// start runs the watcher; stop waits for its end.
func (d *desk) start() (stop func()) {
	ctx, cancel := context.WithCancel(d.t.Context())
	ended := make(chan struct{})
	go func() {
		d.Run(ctx, d.ask)
		close(ended)
	}()
	synctest.Wait()
	return func() { cancel(); <-ended }
}

func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (d *desk) expect(edition uint64, segments, refusals int) {
	d.t.Helper()
	now, refused := d.live.Current(), d.heard().refused
	if now.Number != edition || now.Set.Len() != segments || len(refused) != refusals {
		d.t.Fatalf("edition %d with %d segments after %d refusals, want %d with %d after %d: %v",
			now.Number, now.Set.Len(), len(refused), edition, segments, refusals, refused)
	}
}

func TestChangesArePublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, nil)
		defer d.start()()
		pass(time.Minute)
		d.expect(1, 2, 0)

		d.write("more.yml", "segments:\n  - {id: new, rule: traits.age < 20}\n")
		pass(11 * time.Second)
		d.expect(2, 3, 0)
		d.write("shop.yaml", strings.Replace(shop, "60", "65", 1))
		pass(11 * time.Second)
		d.expect(3, 3, 0)
		d.remove("shop.yaml")
		pass(11 * time.Second)
		d.expect(4, 1, 0)
		pass(time.Hour)
		d.expect(4, 1, 0)

		want := []Published{
			{Edition: 1, Segments: 2, Added: 2}, {Edition: 2, Segments: 3, Added: 1},
			{Edition: 3, Segments: 3, Changed: 1}, {Edition: 4, Segments: 1, Removed: 2},
		}
		if len(d.heard().published) != len(want) {
			t.Fatalf("told %+v", d.heard().published)
		}
		for i, p := range d.heard().published {
			p.Took = 0
			if p != want[i] {
				t.Errorf("told %+v, want %+v", p, want[i])
			}
		}
		if d.heard().builds != 3 {
			t.Errorf("compiled %d times for 3 changes", d.heard().builds)
		}
	})
}

// Neither a mistake, nor an empty file, nor a folder that is not there takes
// the rules away. Each is told once, and is over when mended.
func TestRefusedFilesLeaveTheRulesInForce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, nil)
		defer d.start()()
		d.write("shop.yaml", shop+"  - {id: bad, rule: traits.x === 1}\n")
		pass(time.Minute)
		d.expect(1, 2, 1)
		var mistakes rules.Errors
		if !errors.As(d.heard().refused[0], &mistakes) || mistakes[0].Line != 4 || mistakes[0].Segment != "bad" ||
			mistakes[0].File != filepath.Join(d.folder, "shop.yaml") {
			t.Errorf("refused with %v", d.heard().refused[0])
		}
		d.write("shop.yaml", shop+"  - {id: bad, rule: traits.x == 1}\n")
		pass(time.Minute)
		d.expect(2, 3, 1)

		d.write("shop.yaml", "segments: []\n")
		pass(time.Minute)
		d.expect(2, 3, 2)
		d.remove("shop.yaml")
		pass(time.Minute)
		d.expect(2, 3, 3)
		builds := d.heard().builds
		d.write("shop.yaml", shop+"  - {id: bad, rule: traits.x == 1}\n") // what is in force
		pass(time.Minute)
		d.expect(2, 3, 3)
		if d.heard().unchanged != 1 || d.heard().builds != builds {
			t.Errorf("told %d times that nothing changed, compiled %d times more", d.heard().unchanged, d.heard().builds-builds)
		}
	})
}

// A panic of the compiler is a refusal.
func TestCompilerPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, nil)
		d.files.build = func(rules.Options, ...rules.Source) (*rules.Set, error) { panic("out of cells") }
		defer d.start()()
		d.write("shop.yaml", shop+"\n")
		pass(time.Minute)
		d.expect(1, 2, 1)
		if !strings.Contains(d.heard().refused[0].Error(), "out of cells") {
			t.Errorf("refused with %v", d.heard().refused[0])
		}
	})
}

// What nobody can see from outside is not swapped to; a name, and whether
// members are kept, is.
func TestWhatCountsAsAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, nil)
		defer d.start()()
		d.write("shop.yaml", "# for the shop\n"+shop)
		pass(time.Minute)
		d.expect(1, 2, 0)
		if d.heard().unchanged != 1 {
			t.Errorf("told %d times that nothing changed", d.heard().unchanged)
		}
		d.write("shop.yaml", strings.Replace(shop, "id: pro,", "id: pro, name: Pros,", 1))
		pass(time.Minute)
		d.expect(2, 2, 0)
		d.write("shop.yaml", strings.Replace(shop, "id: pro,", "id: pro, name: Pros, members: false,", 1))
		pass(time.Minute)
		d.expect(3, 2, 0)
		if p := d.heard().published[2]; p.Changed != 1 || d.live.Current().Set.Segment(1).Members {
			t.Errorf("told %+v", p)
		}
	})
}

// While somebody writes a file bit by bit, no bit is taken.
func TestHalfWrittenFilesAreNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, nil)
		defer d.start()()
		pass(9500 * time.Millisecond)
		for i := range len(shop) {
			d.write("shop.yaml", shop[:i])
			pass(secondLook / 2)
		}
		d.write("shop.yaml", shop+"  - {id: more, rule: traits.x == 1}\n")
		pass(time.Minute)
		d.expect(2, 3, 0)
		if d.heard().builds != 1 {
			t.Errorf("compiled %d times", d.heard().builds)
		}
	})
}

// What was there before counts as often as anything new.
func TestOneLookIsNotEnoughTheSecondTimeEither(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, nil)
		other := strings.Replace(shop, "60", "65", 1)
		for _, text := range []string{other, shop, other} {
			d.write("shop.yaml", text)
			d.poll(t.Context())
		}
		d.expect(1, 2, 0)
		d.poll(t.Context())
		d.expect(2, 2, 0)
	})
}

// A change that keeps the time of the file shows when the file was replaced,
// has another size, or was changed shortly before the look before.
func TestChangesThatHide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, nil)
		path := filepath.Join(d.folder, "shop.yaml")
		rewrite := func(text string, replace bool) {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			d.write("shop.new", text)
			if replace {
				err = os.Rename(filepath.Join(d.folder, "shop.new"), path)
			} else {
				err = os.WriteFile(path, []byte(text), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, time.Time{}, info.ModTime()); err != nil {
				t.Fatal(err)
			}
		}
		poll := func() {
			d.poll(t.Context())
			d.poll(t.Context())
		}
		pass(time.Minute)
		poll()
		rewrite(strings.Replace(shop, "60", "61", 1), true)
		poll()
		d.expect(2, 2, 0)

		pass(time.Minute)
		rewrite(strings.Replace(shop, "60", "600", 1), false)
		poll()
		d.expect(3, 2, 0)

		pass(time.Minute)
		d.write("shop.yaml", strings.Replace(shop, "60", "62", 1))
		pass(coarse - time.Nanosecond)
		poll()
		d.expect(4, 2, 0)
		rewrite(strings.Replace(shop, "60", "63", 1), false)
		poll()
		d.expect(5, 2, 0)
	})
}

// Where nothing shows, nothing is read.
func TestUnchangedFilesAreNotReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, nil)
		pass(time.Minute)
		d.poll(t.Context())
		if d.files.stamps == nil {
			t.Error("files that were not changed for a minute are read at every look")
		}
		d.judged = Digest{} // so that reading them would show
		if wait := d.poll(t.Context()); wait != d.every {
			t.Error("the files were read")
		}
	})
}

// A signal needs no second look, comes through without any reload, and says
// again what is wrong.
func TestSignalReloadsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, func(every *time.Duration) { *every = 0 })
		defer d.start()()
		d.write("shop.yaml", shop+"  - {id: more, rule: traits.x == 1}\n")
		pass(24 * time.Hour)
		d.expect(1, 2, 0)
		ask := func() {
			d.ask <- syscall.SIGHUP
			synctest.Wait()
		}
		ask()
		d.expect(2, 3, 0)
		ask()
		if d.expect(2, 3, 0); d.heard().unchanged != 1 {
			t.Errorf("told %d times that nothing changed", d.heard().unchanged)
		}
		d.write("shop.yaml", "segments: [}")
		ask()
		ask()
		d.expect(2, 3, 2)
	})
}

// Leaving does not wait for a compilation.
func TestLeavingAbandonsTheCompilation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, nil)
		held := make(chan struct{})
		d.files.build = func(rules.Options, ...rules.Source) (*rules.Set, error) {
			<-held
			return nil, errors.New("too late")
		}
		stop := d.start()
		d.write("shop.yaml", shop+"\n")
		d.ask <- syscall.SIGHUP
		synctest.Wait()
		stop()
		close(held)
		d.expect(1, 2, 0)
	})
}

// TestTablesArePublished: the file of a catalogue is looked at as those of
// segments are. What can't be used of it is refused, and the table before stays.
func TestTablesArePublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, nil)
		defer d.start()()
		pass(time.Minute)
		d.write("p.csv", "sku,kind,price\nA,shoes,1\n")
		d.write("more.yaml", "catalogues:\n  - {id: p, key: sku, file: p.csv}\nsegments:\n  - {id: new, rule: 'lookup(\"p\", traits.sku).price > 3'}\n")
		pass(11 * time.Second)
		d.expect(2, 3, 0)
		pass(time.Hour)
		d.expect(2, 3, 0)
		builds := d.heard().builds

		d.write("p.csv", "sku,kind,price\nA,shoes,5\n")
		pass(11 * time.Second)
		d.expect(3, 3, 0)
		if p := d.heard().published; p[len(p)-1].Changed != 1 || d.heard().builds != builds+1 {
			t.Errorf("told %+v after %d builds, want one changed segment", p[len(p)-1], d.heard().builds-builds)
		}
		d.write("p.csv", "sku,kind,price\nA,shoes,5\nB,vases,n/a\n")
		pass(11 * time.Second)
		d.expect(3, 3, 1)
		if err := d.heard().refused[0]; !strings.Contains(err.Error(), `as line 3 of the file has "n/a" in it`) {
			t.Errorf("refused with %v", err)
		}
		d.remove("p.csv")
		pass(11 * time.Second)
		d.expect(3, 3, 2)
		d.write("p.csv", "sku,kind,price\nA,shoes,9\n")
		pass(11 * time.Second)
		d.expect(4, 3, 2)
	})
}

// A file that can't be read whole is refused, with what to do.
func TestCatalogueThatCantBeRead(t *testing.T) {
	folder := t.TempDir()
	large := filepath.Join(folder, "large.csv")
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, 10<<30); err != nil { // takes no room
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		large:                             "the file has 10737418240 bytes; a catalogue may have 33554432",
		filepath.Join(folder, "none.csv"): "no such file",
		folder:                            "is a folder",
	} {
		if file := readCatalogue(path); !strings.Contains(file.Wrong, want) || file.Hint == "" || file.Data != nil {
			t.Errorf("%s: %+v, want: %s", path, file, want)
		}
	}
}
