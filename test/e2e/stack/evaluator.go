package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"muster/test/kit/port"
)

// Evaluator is one running `evaluator run`.
type Evaluator struct {
	system *System
	name   string
	log    string // path
	listen string // where it serves metrics
	api    string // where it serves the API; "" for nowhere
	args   []string
	cmd    *exec.Cmd
	exited chan struct{}
	ended  bool // by the test
	logged int  // bytes of the log when it was started last
	// silent is since when the test keeps it from answering: since it was
	// killed, or frozen. Zero for one at work.
	silent time.Time
}

// Init runs `evaluator init`, which must succeed.
func (s *System) Init() {
	s.t.Helper()
	if out, err := s.InitWith(s.Shards); err != nil {
		s.t.Fatalf("evaluator init: %v\n%s", err, out)
	}
}

// InitWith runs `evaluator init`, with further arguments, and returns all it
// printed.
func (s *System) InitWith(shards int, arguments ...string) (string, error) {
	return s.Command(append([]string{"init", "-c", s.config("init", ""), "--shards", fmt.Sprint(shards)}, arguments...)...)
}

// Activate runs evaluator activate with arguments, and returns what it printed.
func (s *System) Activate(arguments ...string) (string, error) {
	return s.Command(append(append([]string{"activate"}, arguments...), "-c", s.config("activate", ""))...)
}

// Erase runs evaluator erase for a profile, and returns what it printed.
func (s *System) Erase(profile string, arguments ...string) (string, error) {
	return s.Command(append([]string{"erase", profile, "-c", s.config("erase", "")}, arguments...)...)
}

// Insights runs evaluator insights with arguments, and returns what it printed.
func (s *System) Insights(arguments ...string) (string, error) {
	return s.Command(append(append([]string{"insights"}, arguments...), "-c", s.config("insights", ""))...)
}

// Command runs the evaluator with arguments to its end, within Patience, and
// returns all it printed.
func (s *System) Command(arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	out, err := s.program(ctx, built, arguments...).CombinedOutput()
	if ctx.Err() != nil {
		err = fmt.Errorf("it did not end within %s: %w", Patience, err)
	}
	return string(out), err
}

// Refused runs `evaluator run`, which must end by itself with an error, and
// returns all it printed.
func (s *System) Refused() string {
	s.t.Helper()
	out, err := s.Command("run", "-c", s.config("refused", port.Hold(s.t).Address()))
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() <= 0 {
		s.t.Fatalf("evaluator run did not refuse: %v\n%s", err, out)
	}
	return out
}

// Run starts an evaluator, with further arguments. When the test fails the
// end of its log is shown.
func (s *System) Run(arguments ...string) *Evaluator {
	s.t.Helper()
	e := s.process(fmt.Sprintf("evaluator-%d", len(s.evaluators)+1))
	configuration := s.config(e.name, e.listen)
	if s.API {
		e.api = port.Hold(s.t).Address()
		s.append(configuration, s.apiLines(e.api))
	}
	s.launch(e, append([]string{"run", "-c", configuration}, arguments...))
	s.evaluators = append(s.evaluators, e)
	return e
}

// ServeInsights starts evaluator insights serve, with lines of its own in the section
// snapshot of its configuration.
func (s *System) ServeInsights(lines string) *Evaluator {
	s.t.Helper()
	e := s.process("insights")
	e.api = port.Hold(s.t).Address()
	configuration := s.config(e.name, "")
	s.append(configuration, fmt.Sprintf("api:\n  insecure: true\nsnapshot:\n  listen: %q\n  metrics: %q\n%s", e.api, e.listen, lines))
	s.launch(e, []string{"insights", "serve", "-c", configuration})
	return e
}

func (s *System) process(name string) *Evaluator {
	s.t.Helper()
	return &Evaluator{system: s, name: name, log: s.file(name + ".log"), listen: port.Hold(s.t).Address()}
}

// launch starts a process, which is killed when the test ends.
func (s *System) launch(e *Evaluator, arguments []string) {
	s.t.Helper()
	e.args = arguments
	e.start()
	s.t.Cleanup(func() {
		e.Kill()
		if s.t.Failed() {
			s.t.Logf("the end of %s's log:\n%s", e.name, e.tail())
		}
	})
}

// Again starts an evaluator that has ended as it was started before, with the
// same configuration, so that it has the same instance name.
func (e *Evaluator) Again() {
	e.ended, e.silent = false, time.Time{}
	e.start()
}

func (e *Evaluator) start() {
	s := e.system
	s.t.Helper()
	log, err := os.OpenFile(e.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatalf("opening a log: %v", err)
	}
	defer log.Close() // the process has its own handle
	e.logged = len(e.Log())
	path := built
	if s.Steppable {
		if path, err = steppable(); err != nil {
			s.t.Fatal(err)
		}
	}
	cmd, exited := s.program(context.Background(), path, e.args...), make(chan struct{})
	cmd.Env = append(cmd.Env, "MUSTER_CLOCK_STEP="+s.file(clockFile))
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		s.t.Fatalf("starting %s: %v", e.name, err)
	}
	go func() {
		_ = cmd.Wait() // the state is kept in cmd
		close(exited)
	}()
	e.cmd, e.exited = cmd, exited
}

// Kill ends the evaluator at once, as a crash would, and waits for its end.
func (e *Evaluator) Kill() {
	e.end(syscall.SIGKILL)
	<-e.exited
	e.silent = time.Now()
}

// Terminate asks the evaluator to leave, waits until it has, and returns its
// exit code. It is 0 only for one that was done within the time that it gives
// itself; one that does not leave at all is killed after Patience.
func (e *Evaluator) Terminate() int {
	e.Leave()
	select {
	case <-e.exited:
	case <-time.After(Patience):
		e.Kill()
	}
	return e.cmd.ProcessState.ExitCode()
}

// Leave is Terminate without waiting for the end: see Left.
func (e *Evaluator) Leave() { e.end(syscall.SIGTERM) }

// Left returns nil when the evaluator has left in good order, or was asked to
// before it had begun.
func (e *Evaluator) Left() error {
	select {
	case <-e.exited:
	default:
		return fmt.Errorf("%s is still there", e.name)
	}
	if status, ok := e.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signal() == syscall.SIGTERM && e.Log() == "" {
		return nil
	}
	if !e.cmd.ProcessState.Success() {
		return fmt.Errorf("%s left with %s", e.name, e.cmd.ProcessState)
	}
	return nil
}

// Reload has the evaluator read its segment file at once, if it has begun.
func (e *Evaluator) Reload() {
	if len(e.Log()) > e.logged { // else the signal would end it
		_ = e.cmd.Process.Signal(syscall.SIGHUP) // it may have ended already
	}
}

// Freeze stops the evaluator where it is, as a machine does that pauses. It
// goes on with Thaw.
func (e *Evaluator) Freeze() {
	_ = e.cmd.Process.Signal(syscall.SIGSTOP) // it may have ended already
	e.silent = time.Now()
}

// Thaw lets a frozen evaluator go on.
func (e *Evaluator) Thaw() {
	e.silent = time.Time{}
	_ = e.cmd.Process.Signal(syscall.SIGCONT)
}

func (e *Evaluator) end(signal syscall.Signal) {
	e.ended = true
	_ = e.cmd.Process.Signal(signal) // it may have ended already
}

// check reports an evaluator that has ended although nobody asked it to.
func (e *Evaluator) check() error {
	select {
	case <-e.exited:
		if !e.ended {
			return fmt.Errorf("%s ended by itself: %s", e.name, e.cmd.ProcessState)
		}
	default:
	}
	return nil
}

// EndedRefused returns nil once the evaluator has ended by itself because of
// what somebody has to change.
func (e *Evaluator) EndedRefused() error {
	select {
	case <-e.exited:
	default:
		return fmt.Errorf("%s is still there", e.name)
	}
	const unusable = 2
	if code := e.cmd.ProcessState.ExitCode(); code != unusable {
		return fmt.Errorf("%s ended with exit code %d", e.name, code)
	}
	e.ended = true
	return nil
}

// Log returns all that the evaluator has printed.
func (e *Evaluator) Log() string {
	text, err := os.ReadFile(e.log)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (e *Evaluator) tail() string {
	lines := strings.Split(strings.TrimSpace(e.Log()), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}
