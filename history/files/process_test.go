package files

import (
	"os/exec"
	"runtime"
	"testing"
)

// A process is gone when it was killed, whether its parent has asked after it or
// not, and not before; and of one of another machine nothing is known.
func TestAProcessThatIsGone(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only the kernel of Linux tells when a process began")
	}
	own := self()
	if own.Machine == "" || own.Born == "" || own.Host == "" {
		t.Fatalf("of this process is known %+v", own)
	}
	child := exec.Command("sleep", "600")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	other := own
	other.PID = child.Process.Pid
	var err error
	if _, other.Born, err = look(other.PID); err != nil {
		t.Fatal(err)
	}
	earlier := other
	earlier.Born = "1" // which has ended, and whose id the child was given
	if own.gone() || other.gone() || !earlier.gone() {
		t.Errorf("this one is gone: %t, the child: %t, one of its id before: %t", own.gone(), other.gone(), earlier.gone())
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for !other.gone() { // it was not waited for
		runtime.Gosched()
	}
	_ = child.Wait()
	if !other.gone() {
		t.Error("a process that was killed is there")
	}
	for name, harm := range map[string]func(*process){
		"another machine": func(p *process) { p.Machine += "0" },
		"another host":    func(p *process) { p.Host += "0" },
		"nothing known":   func(p *process) { p.Machine, p.Born = "", "" },
		"no process":      func(p *process) { p.PID = 0 },
	} {
		p := other
		if harm(&p); p.gone() {
			t.Errorf("%s: it is gone", name)
		}
	}
}
