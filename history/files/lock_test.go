package files_test

import (
	"bufio"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"muster/history/files"
	"muster/test/kit/s3"
)

// patience only keeps a test from hanging.
const patience = 2 * time.Minute

type locked interface {
	TryLock(name string) (files.Lock, error)
	Locked(name string) (bool, error)
}

func try(t *testing.T, k locked, name string) files.Lock {
	t.Helper()
	lock, err := k.TryLock(name)
	if err != nil {
		t.Error(err)
		return nil
	}
	return lock
}

func isLocked(t *testing.T, k locked, name string) bool {
	t.Helper()
	is, err := k.Locked(name)
	if err != nil {
		t.Fatal(err)
	}
	return is
}

func release(t *testing.T, lock files.Lock) {
	t.Helper()
	if err := lock.Close(); err != nil {
		t.Error(err)
	}
}

// Of many that try at the same time one has a lock, until it gives it up; whether
// the lock was there before or not.
func TestOneHasALock(t *testing.T) {
	for name, k := range map[string]locked{"folder": files.Folder{Dir: filepath.Join(t.TempDir(), "work")}, "bucket": bucket(t)} {
		t.Run(name, func(t *testing.T) {
			if isLocked(t, k, "a/lock") {
				t.Error("nobody has it yet")
			}
			for round := range 3 {
				var had atomic.Pointer[files.Lock]
				var group sync.WaitGroup
				for range 8 {
					group.Go(func() {
						if lock := try(t, k, "a/lock"); lock != nil && had.Swap(&lock) != nil {
							t.Errorf("round %d: two have it", round)
						}
					})
				}
				group.Wait()
				lock := had.Load()
				if lock == nil {
					t.Fatalf("round %d: nobody has it", round)
				}
				if !isLocked(t, k, "a/lock") || try(t, k, "a/lock") != nil || isLocked(t, k, "a/other") {
					t.Errorf("round %d: it is not locked", round)
				}
				release(t, *lock)
				if isLocked(t, k, "a/lock") {
					t.Errorf("round %d: it was given up", round)
				}
			}
		})
	}
}

// A process that goes on keeps its lock in a bucket for longer than a lock lives by
// itself.
func TestALockIsKept(t *testing.T) {
	server := serving(t)
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if keepsALock(t, server) {
			return
		}
		t.Log("this machine has stood still for longer than a lock lives; once more")
	}
	t.Error("it stood still each time")
}

// keepsALock has a lock kept for twice its life while somebody else tries to get it,
// and returns false where its holder did not get to write it in time.
func keepsALock(t *testing.T, server string) bool {
	t.Helper()
	const life = 2 * time.Second
	var written atomic.Int64 // when the holder wrote last, as nanoseconds since 1970
	holder := opened(t, s3.Front(t, server, func(r *http.Request) {
		if r.Method == http.MethodPut {
			written.Store(time.Now().UnixNano())
		}
	}), files.Life(life))
	other := opened(t, server, files.Life(life))
	name := rand.Text()
	lock := try(t, holder, name)
	if lock == nil {
		t.Fatal("it is not had")
	}
	for began := time.Now(); time.Since(began) < 2*life; {
		stolen := try(t, other, name)
		select {
		case <-lock.Lost():
			return false
		default:
		}
		if stolen == nil {
			continue
		}
		if time.Since(time.Unix(0, written.Load())) < life {
			t.Fatal("two have it")
		}
		return false
	}
	release(t, lock)
	return true
}

// A process that does not reach the bucket any more learns that it has lost its lock
// before anybody else gets it.
func TestWhoIsCutOffLosesALock(t *testing.T) {
	server := serving(t)
	for range 5 {
		if losesALock(t, server) {
			return
		}
		t.Log("two have it, as far as can be told on a machine that may have stood still; once more")
	}
	t.Error("two have it each time")
}

// losesALock has a process cut off that has a lock, and reports whether it knew that
// it had lost it when another process got it.
func losesALock(t *testing.T, server string) bool {
	t.Helper()
	name := rand.Text()
	var cut atomic.Bool
	far := opened(t, s3.Front(t, server, func(*http.Request) {
		if cut.Load() {
			panic(http.ErrAbortHandler)
		}
	}), files.Life(2*time.Second))
	lost := try(t, far, name)
	if lost == nil {
		t.Fatal("it is not had")
	}
	cut.Store(true)
	near := opened(t, server, files.Life(2*time.Second))
	for end := time.Now().Add(patience); time.Now().Before(end); {
		lock := try(t, near, name)
		if lock == nil {
			continue
		}
		select {
		case <-lost.Lost():
		default:
			release(t, lock)
			return false
		}
		cut.Store(false)
		release(t, lost) // which takes nothing from the other
		if !isLocked(t, near, name) {
			t.Error("who had lost it has given up somebody else's")
		}
		release(t, lock)
		return true
	}
	t.Fatal("nobody else gets the lock of who is gone")
	return false
}

const lockAt = "MUSTER_TEST_LOCK"

// The lock of a process that was killed on this machine is had long before its life
// is over.
func TestTheLockOfWhoWasKilledHere(t *testing.T) {
	if server := os.Getenv(lockAt); server != "" {
		if try(t, opened(t, server, files.Life(time.Hour)), "lock") == nil {
			t.Fatal("it is not had")
		}
		_, _ = os.Stdout.WriteString("taken\n")
		_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed
		return
	}
	if runtime.GOOS != "linux" {
		t.Skip("only the kernel of Linux tells that a process is gone")
	}
	server := serving(t)
	other := exec.Command(os.Args[0], "-test.run=^TestTheLockOfWhoWasKilledHere$")
	other.Env = append(os.Environ(), lockAt+"="+server)
	in, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := other.StdoutPipe()
	if err == nil {
		err = other.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "taken\n" {
		t.Fatalf("it says %q, %v", line, err)
	}
	b := opened(t, server, files.Life(time.Hour))
	if try(t, b, "lock") != nil {
		t.Fatal("two have it")
	}
	if err := errors.Join(other.Process.Kill(), in.Close()); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait()
	if alive, err := b.Alive("lock"); alive || err != nil {
		t.Errorf("who was killed is there: %t, %v", alive, err)
	}
	lock := try(t, b, "lock")
	if lock == nil {
		t.Fatal("nobody else gets the lock of who is gone")
	}
	release(t, lock)
}

// A lock whose writing gets through, and whose answer is lost, is had all the same.
func TestALostAnswerToALock(t *testing.T) {
	server := serving(t)
	var lose atomic.Int64
	lose.Store(2)
	front := s3.Front(t, server, func(*http.Request) {})
	broken := s3.Front(t, front, func(r *http.Request) {
		if r.Method != http.MethodPut || lose.Add(-1) < 0 {
			return
		}
		// It is sent on by itself, and then the connection breaks.
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		again, err := http.NewRequest(r.Method, front+r.URL.RequestURI(), strings.NewReader(string(body)))
		if err != nil {
			t.Error(err)
		}
		again.Header, again.Host = r.Header.Clone(), r.Host
		answer, err := http.DefaultClient.Do(again)
		if err != nil {
			t.Error(err)
		} else if err := answer.Body.Close(); err != nil || answer.StatusCode > 299 {
			t.Logf("the lost answer is %s", answer.Status)
		}
		panic(http.ErrAbortHandler)
	})
	b := opened(t, broken)
	lock := try(t, b, "lock")
	if lock == nil {
		t.Fatal("it is not had")
	}
	if lose.Load() >= 0 {
		t.Fatal("no answer was lost")
	}
	release(t, lock)
}

// A server that was killed while it wrote a lock can have the checksum of another
// writing for good. The lock is had all the same.
func TestALockWithAForeignChecksum(t *testing.T) {
	server := serving(t)
	release(t, try(t, opened(t, server), "lock"))
	behind, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	var told atomic.Int64
	damaged := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(behind)
			r.Out.Host = r.In.Host // which is signed
		},
		ModifyResponse: func(r *http.Response) error {
			if r.Request.Method == http.MethodGet && r.Request.Header.Get("X-Amz-Checksum-Mode") != "" {
				told.Add(1)
				r.Header.Set("X-Amz-Checksum-Crc32", "AAAAAA==")
			}
			return nil
		},
	})
	t.Cleanup(damaged.Close)
	lock := try(t, opened(t, damaged.URL), "lock")
	if lock == nil {
		t.Fatal("it is not had")
	}
	if told.Load() == 0 {
		t.Fatal("no checksum was asked for")
	}
	release(t, lock)
}

// What was written just now needs no stamp to be known as used, and what was written
// long ago gets one.
func TestUse(t *testing.T) {
	server := serving(t)
	b := opened(t, server)
	put(t, b, "runs/x", files.Once, []byte("x"))
	for name, want := range map[string]bool{"runs/x": true, "runs/none": false} {
		if there, err := b.Use(name); there != want || err != nil {
			t.Errorf("%s: %v, %v", name, there, err)
		}
	}
	if stamps := list(t, b, "used"); stamps != "" {
		t.Errorf("stamped are %s", stamps)
	}
	old := opened(t, server, files.Stamp(0)) // for which everything was long ago
	if there, err := old.Use("runs/x"); !there || err != nil {
		t.Errorf("%v, %v", there, err)
	}
	if stamps, err := old.Stamps(); len(stamps) != 1 || stamps["runs/x"].IsZero() || err != nil {
		t.Errorf("%v, %v", stamps, err)
	}
	if there, err := old.Use("runs/none"); there || err != nil {
		t.Errorf("%v, %v", there, err)
	}
}

// Who finds a file while somebody cleans waits until that is over, and then it may be
// gone.
func TestUseWhileSomebodyCleans(t *testing.T) {
	server := serving(t)
	b := opened(t, server, files.Stamp(0))
	put(t, b, "runs/x", files.Once, []byte("x"))
	lock := try(t, b, files.CleanLock)
	found := make(chan bool, 1)
	go func() {
		there, err := b.Use("runs/x")
		if err != nil {
			t.Error(err)
		}
		found <- there
	}()
	for end := time.Now().Add(patience); list(t, b, "used") == "" && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if err := b.Remove("runs/x"); err != nil {
		t.Fatal(err)
	}
	select {
	case there := <-found:
		t.Errorf("it was found, %v, while somebody cleaned", there)
	default:
	}
	release(t, lock)
	if <-found {
		t.Error("what was cleaned away is there")
	}
}
