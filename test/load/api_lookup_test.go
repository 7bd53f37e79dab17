package load

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
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

// lanes is how many connections requests are sent over. A request waits for a
// free one, and the waiting counts.
const lanes = 32

// measureLookups asks for memberships at a steady rate, first while no events
// come and then while they come at half of full speed.
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
	cpu := micros(r.services.cpu()-before) / float64(len(without))
	var with []float64
	var asking sync.WaitGroup
	idle := machineIdle(t)
	asking.Go(func() { with = a.ask(p, sizes.asked, o.live) })
	r.halfLoad(&f)
	asking.Wait()
	l := lookupLine{
		P50: quantile(with, 0.5), P99: quantile(with, 0.99), P999: quantile(with, 0.999), Without: quantile(without, 0.99),
		Requests: rounded(float64(len(with)) / o.live.Seconds()), Events: rounded(f.EventsPerSecond / 2), CPU: rounded(cpu), Idle: rounded(idle()),
		Profiles: p.profiles,
	}
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

// question is a request and when it was due.
type question struct {
	due     time.Time
	profile string
}

// ask asks for the memberships of profiles drawn at random, at a rate for some
// time, and returns how long each took from when it was due, in ms, ascending.
// What comes first is not measured.
func (a *asker) ask(p population, rate float64, length time.Duration) []float64 {
	a.t.Helper()
	count := int(rate * length.Seconds())
	questions := make(chan question, count) // none waits to be due
	took := make([][]float64, lanes)
	var asking sync.WaitGroup
	first := time.Now().Add(time.Duration(settling * float64(length)))
	for lane := range lanes {
		asking.Go(func() { took[lane] = a.lane(questions, first) })
	}
	pick := p.picker(rand.New(rand.NewPCG(uint64(count), 41)))
	began := time.Now()
	for i := range count {
		due := began.Add(time.Duration(float64(i) / rate * float64(time.Second)))
		if wait := time.Until(due); wait > 0 {
			time.Sleep(wait)
		}
		questions <- question{due, profileID(pick())}
	}
	close(questions)
	asking.Wait()
	all := slices.Concat(took...)
	slices.Sort(all)
	return all
}

// lane asks over one connection until there are no more questions.
func (a *asker) lane(questions <-chan question, first time.Time) []float64 {
	conn, err := net.Dial("tcp", a.address[0])
	if err != nil {
		a.t.Error(err)
		return nil
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	var took []float64
	for q := range questions {
		_, err := fmt.Fprintf(conn, "GET /v1/profiles/%s/memberships HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n", q.profile, a.token)
		if err == nil {
			err = readAnswer(answers)
		}
		if err != nil {
			a.t.Errorf("asking for %s: %v", q.profile, err)
			return took
		}
		if q.due.After(first) {
			took = append(took, millis(time.Since(q.due)))
		}
	}
	return took
}

// readAnswer demands an answer with memberships.
func readAnswer(from *bufio.Reader) error {
	response, err := http.ReadResponse(from, nil)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // it is read
	if err == nil && (response.StatusCode != http.StatusOK || !strings.Contains(string(text), `"segments":[`)) {
		err = fmt.Errorf("%s: %s", response.Status, text)
	}
	return err
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
