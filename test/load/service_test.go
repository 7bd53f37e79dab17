package load

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/test/kit/port"
)

// service is one running process under test.
type service struct {
	t      testing.TB
	cmd    *exec.Cmd
	listen string
	log    string // file
	exited chan struct{}
}

func startService(t testing.TB, arguments ...string) *service {
	t.Helper()
	s := &service{t: t, listen: port.Hold(t).Address(), log: filepath.Join(t.TempDir(), "log"), exited: make(chan struct{})}
	log, err := os.Create(s.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close() // the process has its own handle
	s.cmd = exec.Command(binaries.service, append(arguments, "-listen", s.listen)...)
	s.cmd.Stderr = log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("starting the service: %v", err)
	}
	go func() {
		_ = s.cmd.Wait() // how it ended is in its log
		close(s.exited)
	}()
	t.Cleanup(s.stop)
	return s
}

// stop asks the process to leave and waits until it has.
func (s *service) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	select {
	case <-s.exited:
	case <-time.After(patience):
		s.t.Errorf("the service does not leave:\n%s", s.tail())
		_ = s.cmd.Process.Kill()
	}
}

// check fails the test when the process has ended by itself.
func (s *service) check() {
	s.t.Helper()
	select {
	case <-s.exited:
		s.t.Fatalf("the service has ended:\n%s", s.tail())
	default:
	}
}

func (s *service) tail() string {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4000):])
}

// ticksPerSecond is the unit of times in /proc, on every Linux.
const ticksPerSecond = 100

// cpu returns the CPU time that the process has used.
func (s *service) cpu() time.Duration {
	s.t.Helper()
	text := s.proc("stat")
	fields := strings.Fields(text[strings.LastIndex(text, ")")+1:]) // the name before may hold anything
	ticks := 0
	for _, field := range fields[11:13] { // utime, stime
		n, err := strconv.Atoi(field)
		if err != nil {
			s.t.Fatalf("reading CPU time: %v", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / ticksPerSecond
}

// resident returns the memory that the process holds, in bytes.
func (s *service) resident() float64 { return s.memory("VmRSS:") }

// peak returns the most memory that the process has held, in bytes.
func (s *service) peak() float64 { return s.memory("VmHWM:") }

func (s *service) memory(field string) float64 {
	s.t.Helper()
	for line := range strings.Lines(s.proc("status")) {
		if value, found := strings.CutPrefix(line, field); found {
			kb, err := strconv.Atoi(strings.Fields(value)[0])
			if err != nil {
				s.t.Fatalf("reading resident memory: %v", err)
			}
			return float64(kb) * 1024
		}
	}
	s.t.Fatalf("reading resident memory: there is no %s", field)
	return 0
}

func (s *service) proc(file string) string {
	s.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.cmd.Process.Pid, file))
	if err != nil {
		s.check()
		s.t.Fatal(err)
	}
	return string(text)
}

// metrics returns all metrics by name, summed over their labels.
func (s *service) metrics() map[string]float64 {
	s.t.Helper()
	text, err := s.get("/metrics")
	if err != nil {
		s.check()
		s.t.Fatalf("reading metrics: %v", err)
	}
	sums := map[string]float64{}
	eachMetric(text, func(name string, value float64) { sums[name] += value })
	return sums
}

// owned returns how many shards the process has committed and still owns, 0
// while it is not up.
func (s *service) owned() (shards int) {
	text, err := s.get("/metrics")
	if err != nil {
		return 0
	}
	eachMetric(text, func(name string, _ float64) {
		if name == "muster_lag_records" {
			shards++
		}
	})
	return shards
}

// eachMetric visits every value of every metric.
func eachMetric(text []byte, visit func(name string, value float64)) {
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		line = strings.TrimSpace(line)
		space := strings.LastIndexByte(line, ' ')
		if space < 0 {
			continue
		}
		name, _, _ := strings.Cut(line[:space], "{")
		if f, err := strconv.ParseFloat(line[space+1:], 64); err == nil {
			visit(name, f)
		}
	}
}

func (s *service) get(path string) ([]byte, error) {
	res, err := http.Get("http://" + s.listen + path)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}
