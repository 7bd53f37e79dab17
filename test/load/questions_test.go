package load

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"muster/test/kit/port"
)

// questionsLine is how long events take while questions about all profiles are
// asked.
type questionsLine struct {
	apiLine
	Ratio    float64 `json:"p99_ratio"` // median of the repeats
	P99      float64 `json:"p99_ms"`
	Without  float64 `json:"p99_ms_without"` // before any is asked
	Events   float64 `json:"events_s"`       // which is half of full speed
	Answers  float64 `json:"answers_s"`      // questions that are answered meanwhile
	Profiles int     `json:"profiles"`
}

const (
	// questionsAim is how many times as long an event may take, at its 99th
	// percentile.
	questionsAim = 1.5
	// trailLength is redis.trail_max, both while questions are asked and before.
	trailLength = "5000"
)

// TestQuestions measures what make bench PART=insights says of the service beside
// questions, and fails where the aim is missed.
func TestQuestions(t *testing.T) {
	file := os.Getenv("MUSTER_QUESTIONS")
	if file == "" {
		t.Skip("takes the machine for long; runs with MUSTER_QUESTIONS=FILE (make bench PART=insights)")
	}
	sizes := apiSizes{cases: []string{"questions"}, options: options{
		populations: []population{populations(number(t, "HOT", "100000"), 1)["hot"]}, segments: []int{1000}, events: number(t, "EVENTS", "300000"), repeats: 3,
		live: time.Duration(number(t, "LIVE", "8")) * time.Second, profiles: os.Getenv("MUSTER_LOAD_PROFILE"),
	}}
	out := json.NewEncoder(appendTo(t, file))
	measureAPI(t, &sizes, func(line aimed) {
		if err := out.Encode(line); err != nil {
			t.Fatal(err)
		}
		if !line.met() {
			t.Errorf("an aim is missed: %+v", line)
		}
	})
}

// measureQuestions measures how long events take at half of full speed, in turns
// while nobody asks and while one asks question after question of a process that
// follows all profiles. That process is there in both.
func measureQuestions(t testing.TB, sizes *apiSizes) aimed {
	t.Helper()
	o := &sizes.options
	p, n := o.populations[0], o.segments[0]
	b := &bench{
		t: t, options: o, segments: segmentations(t, t.TempDir(), []int{n}), redis: startRedis(t, shards), broker: startBroker(t), progress: t.Output(),
	}
	b.begin(p)
	a := newAsker(t)
	r := &run{
		t: t, options: o, population: p, contender: contender{engine, n}, segments: b.segments[n], redis: b.redis,
		more: func() []string { return []string{"-trail", trailLength} },
	}
	defer r.end()
	r.begin(b.broker, "questions")
	r.fill()
	r.start(1, b.broker, 0)
	f := r.fullSpeed()
	r.catchUp()
	address := port.Hold(t).Address()
	startService(t, "-insights", address, "-redis", r.redis.server.Address, "-segments", r.segments.file, "-trail", trailLength, "-tokens", a.tokens)
	a.awaitServed(address)

	var ratios, with, without, answers []float64
	for range o.repeats {
		alone, beside := f, f
		r.halfLoad(&alone)
		asked := a.askOn(address)
		begun := time.Now()
		r.halfLoad(&beside)
		answers = append(answers, float64(asked())/time.Since(begun).Seconds())
		ratios, with, without = append(ratios, beside.P99/alone.P99), append(with, beside.P99), append(without, alone.P99)
	}
	l := questionsLine{
		Ratio: rounded(median(ratios)), P99: rounded(median(with)), Without: rounded(median(without)), Events: rounded(f.EventsPerSecond / 2),
		Answers: rounded(median(answers)), Profiles: p.profiles,
	}
	l.apiLine = apiLine{"insights/beside", questionsAim, median(ratios) < questionsAim}
	return l
}

// askOn asks question after question until what it returns is called, which tells
// how many were answered: previews of rules that nobody has asked, and audiences
// that are compared with everybody else.
func (a *asker) askOn(address string) (end func() (answered int)) {
	a.t.Helper()
	ctx, cancel := context.WithCancel(a.t.Context())
	var asking sync.WaitGroup
	answered := 0
	asking.Go(func() {
		for number := 0; ctx.Err() == nil; number++ {
			for _, body := range []struct{ path, text string }{
				{"preview", fmt.Sprintf(`{"rule":"bucket(\"%d\") < 50"}`, number)},
				{"insights/profile", fmt.Sprintf(`{"audience_rule":"bucket(\"a%d\") < 50"}`, number)},
			} {
				err := a.question(ctx, "http://"+address+"/v1/"+body.path, body.text)
				if ctx.Err() != nil {
					return
				}
				if err != nil {
					a.t.Errorf("asking: %v", err)
					return
				}
				answered++
			}
		}
	})
	return func() int {
		cancel()
		asking.Wait()
		return answered
	}
}

// question asks one, and reads its answer to the end.
func (a *asker) question(ctx context.Context, address, body string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+a.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, text)
	}
	return err
}
