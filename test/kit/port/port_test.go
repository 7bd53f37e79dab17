package port

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
)

// asked has TestHeldByAnotherProcess hold ports instead of testing.
const asked = "MUSTER_HOLD_PORTS"

// TestTheKernelDoesNotTakeThem goes by the range that it really uses.
func TestTheKernelDoesNotTakeThem(t *testing.T) {
	low, high := ephemeral()
	for range 100 {
		if n := Hold(t).Number; n >= low && n <= high {
			t.Fatalf("port %d is between %d and %d", n, low, high)
		}
	}
}

func TestRoom(t *testing.T) {
	for _, c := range []struct{ low, high, first, last int }{
		{32_768, 60_999, 10_000, 32_767},
		{49_152, 65_535, 10_000, 49_151},
		{1_024, 50_000, 50_001, 65_535},
		{15_000, 60_999, 10_000, 14_999},
	} {
		if first, last := room(c.low, c.high); first != c.first || last != c.last {
			t.Errorf("beside %d to %d there is room from %d to %d, want %d to %d", c.low, c.high, first, last, c.first, c.last)
		}
	}
}

// A port that is held is not given out again, one on which somebody listens
// is not given out, and one that is released is.
func TestHold(t *testing.T) {
	folder := t.TempDir()
	number := Hold(t).Number // of another folder, so free in this one
	first, err := hold(folder, number)
	if err != nil || first == nil {
		t.Fatalf("%v, %v", first, err)
	}
	expectTaken := func(why string) {
		t.Helper()
		if again, err := hold(folder, number); again != nil || err != nil {
			t.Errorf("%s it is given out: %v, %v", why, again, err)
		}
	}
	expectTaken("held")
	first.Release()
	second, err := hold(folder, number)
	if err != nil || second == nil {
		t.Fatalf("released it is not given out: %v, %v", second, err)
	}
	l, err := second.Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	second.Release()
	expectTaken("listened on")
}

func TestHeldByAnotherProcess(t *testing.T) {
	if folder := os.Getenv(asked); folder != "" {
		holdFor(t, folder)
		return
	}
	number, folder := Hold(t).Number, t.TempDir()
	other := exec.Command(os.Args[0], "-test.run=^TestHeldByAnotherProcess$")
	other.Env = append(os.Environ(), asked+"="+folder, fmt.Sprintf("%s_NUMBER=%d", asked, number))
	in, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	if p, err := hold(folder, number); p != nil || err != nil {
		t.Errorf("what another process holds is given out: %v, %v", p, err)
	}
	_ = in.Close()
	_, _ = io.Copy(io.Discard, out)
	if err := other.Wait(); err != nil {
		t.Errorf("the other process: %v", err)
	}
	if p, err := hold(folder, number); p == nil || err != nil {
		t.Errorf("what an ended process held is not given out: %v", err)
	}
}

// holdFor holds a port until standard input ends.
func holdFor(t *testing.T, folder string) {
	var number int
	if _, err := fmt.Sscan(os.Getenv(asked+"_NUMBER"), &number); err != nil {
		t.Fatal(err)
	}
	if p, err := hold(folder, number); p == nil || err != nil {
		t.Fatalf("%v, %v", p, err)
	}
	if _, err := fmt.Fprintln(os.Stdout, "held"); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// Children keep a socket of this process for a moment when they are started.
func TestListenAgainWhileProcessesStart(t *testing.T) {
	p, stop, ended := Hold(t), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-stop:
				return
			default:
				_ = exec.Command("true").Run()
			}
		}
	}()
	for range 500 {
		l, err := p.Listen()
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
	}
	close(stop)
	<-ended
}
