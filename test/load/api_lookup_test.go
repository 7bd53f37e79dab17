package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// lookupLine is how long look-ups of memberships take.
type lookupLine struct {
	apiLine
	P50      float64 `json:"p50_ms"`
	P99      float64 `json:"p99_ms"`
	P999     float64 `json:"p999_ms"`
	Without  float64 `json:"p99_ms_without"` // while no events come
	Requests float64 `json:"requests_s"`     // answered
	Events   float64 `json:"events_s"`       // meanwhile, which is half of full speed
	CPU      float64 `json:"cpu_us"`         // of the service for a request, while no events come
	Idle     float64 `json:"idle"`           // of the machine, while both come
	Profiles int     `json:"profiles"`
}

// measureLookups asks for memberships at a steady rate, first while no events
// come and then while they come at half of full speed. Of these nobody measures
// how long they take, as looking for that would take processors too.
func measureLookups(t testing.TB, sizes *apiSizes) aimed {
	t.Helper()
	o := &sizes.options
	p, n := o.populations[0], o.segments[0]
	b := &bench{
		t: t, options: o, segments: segmentations(t, t.TempDir(), []int{n}), redis: startRedis(t, shards), broker: startBroker(t), progress: t.Output(),
	}
	b.begin(p)
	a := newAsker(t)
	r := &run{t: t, options: o, population: p, contender: contender{engine, n}, segments: b.segments[n], redis: b.redis, more: a.arguments}
	defer r.end()
	r.begin(b.broker, "lookup")
	r.fill()
	r.start(1, b.broker, 0)
	f := r.fullSpeed()
	r.catchUp()
	a.awaitServed(a.address[0])

	before := r.services.cpu()
	without := a.ask(p, sizes.asked, o.live)
	cpu := micros(r.services.cpu()-before) / float64(without.Answered)
	messages, rate := r.halfTraffic(&f)
	var with asked
	var asking sync.WaitGroup
	profiled, idle := r.profile("asked"), machineIdle(t)
	asking.Go(func() { with = a.ask(p, sizes.asked, o.live) })
	r.produce(messages, rate)
	asking.Wait()
	l := lookupLine{
		P50: with.P50, P99: with.P99, P999: with.P999, Without: without.P99, Requests: rounded(float64(with.Answered) / with.Seconds),
		Events: rounded(rate), CPU: rounded(cpu), Idle: rounded(idle()), Profiles: p.profiles,
	}
	<-profiled
	l.apiLine = apiLine{"api/memberships", lookupAim, l.P99 <= lookupAim}
	return l
}

// awaitServed waits until an address answers that it is ready.
func (a *asker) awaitServed(address string) {
	a.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(lookEvery) {
		response, err := http.Get("http://" + address + "/readyz")
		if err == nil {
			if response.Body.Close(); response.StatusCode == http.StatusOK {
				return
			}
			err = fmt.Errorf("it says %s", response.Status)
		}
		if time.Now().After(deadline) {
			a.t.Fatalf("the API is not served: %v", err)
		}
	}
}

// asked is what the asker says came of it: of all requests, how many were answered
// and in which time, and of those behind the first, how long it took from when they
// were due.
type asked struct {
	Answered int     `json:"answered"`
	Seconds  float64 `json:"seconds"`
	P50      float64 `json:"p50_ms"`
	P99      float64 `json:"p99_ms"`
	P999     float64 `json:"p999_ms"`
}

// ask asks for the memberships of profiles drawn at random, at a rate for some
// time. What comes first is not measured.
func (a *asker) ask(p population, rate float64, length time.Duration) (of asked) {
	a.t.Helper()
	count := int(rate * length.Seconds())
	pick := p.picker(rand.New(rand.NewPCG(uint64(count), 41)))
	var ids bytes.Buffer
	for range count {
		ids.WriteString(profileID(pick()) + "\n")
	}
	cmd := exec.Command(binaries.asker, "-address", a.address[0], "-rate", fmt.Sprint(rate), "-skip", fmt.Sprint(settling))
	cmd.Env = append(os.Environ(), "MUSTER_TOKEN="+a.token)
	cmd.Stdin = &ids
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var wrong bytes.Buffer
	cmd.Stderr = &wrong
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &of)
	}
	if err != nil {
		a.t.Errorf("asking: %v: %s", err, wrong.Bytes())
	}
	return of
}

// machineIdle returns what tells which part of all processors' time nobody has
// used from here on; 0 where the system does not say.
func machineIdle(t testing.TB) func() float64 {
	t.Helper()
	read := func() (idle, all float64) {
		text, err := os.ReadFile("/proc/stat")
		if err != nil {
			return 0, 0
		}
		line, _, _ := strings.Cut(string(text), "\n")
		for i, field := range strings.Fields(line)[1:] {
			ticks, err := strconv.ParseFloat(field, 64)
			if err != nil || i > 7 { // guests are counted twice
				continue
			}
			if all += ticks; i == 3 || i == 4 {
				idle += ticks
			}
		}
		return idle, all
	}
	idle, all := read()
	return func() float64 {
		idleNow, allNow := read()
		if allNow == all {
			return 0
		}
		return (idleNow - idle) / (allNow - all)
	}
}
