package load

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"muster/test/kit/binary"
)

// binaries are the paths of the processes that TestMain has built.
var binaries struct{ broker, service, receiver, asker string }

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(main(m))
}

func main(m *testing.M) int {
	if testing.Short() {
		return m.Run() // nothing is started
	}
	folder, err := os.MkdirTemp("", "muster-load-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "making a folder for the binaries:", err)
		return 1
	}
	defer os.RemoveAll(folder)
	binaries.broker, binaries.service = filepath.Join(folder, "broker"), filepath.Join(folder, "service")
	binaries.receiver, binaries.asker = filepath.Join(folder, "receiver"), filepath.Join(folder, "asker")
	for _, file := range []string{binaries.broker, binaries.service, binaries.receiver, binaries.asker} {
		if err := binary.Build(file, "./test/load/"+filepath.Base(file)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

// TestLoad measures what the environment asks for, and fails when the engine
// misses a goal.
func TestLoad(t *testing.T) {
	file := os.Getenv("MUSTER_LOAD")
	if file == "" {
		t.Skip("takes the machine for long; runs with MUSTER_LOAD=FILE (make bench-e2e)")
	}
	out := appendTo(t, file)
	o := readOptions(t)
	all := measure(t, &o, os.Stderr)
	for i := range all {
		if err := all[i].write(out); err != nil {
			t.Fatal(err)
		}
	}
	table(os.Stderr, all)
	for i := range all {
		for _, text := range missed(&all[i]) {
			t.Error(text)
		}
	}
}

// appendTo opens a file that lines are appended to.
func appendTo(t testing.TB, file string) *os.File {
	t.Helper()
	out, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = out.Close() })
	return out
}

// measure measures everything, telling progress.
func measure(t testing.TB, o *options, progress io.Writer) []result {
	t.Helper()
	order := o.contenders()
	var numbers []int
	for _, c := range order {
		numbers = append(numbers, c.segments)
	}
	slices.Sort(numbers)
	b := &bench{
		t: t, options: o, order: order, segments: segmentations(t, t.TempDir(), slices.Compact(numbers)),
		redis: startRedis(t, shards), broker: startBroker(t), progress: progress,
	}
	var all []result
	for _, p := range o.populations {
		b.begin(p)
		all = append(all, b.play(p).results(p, order)...)
	}
	return all
}

// bench is what all runs have in common.
type bench struct {
	t        testing.TB
	options  *options
	order    []contender
	segments map[int]*segmentation // by their number
	redis    *keeper
	broker   string
	progress io.Writer
}

// begin makes and keeps the profiles that cases begin with.
func (b *bench) begin(p population) {
	b.t.Helper()
	for _, n := range slices.Sorted(maps.Keys(b.segments)) {
		began := time.Now()
		b.redis.restart()
		if err := seed(b.t, b.redis, p, b.segments[n]); err != nil {
			b.t.Fatalf("beginning the profiles of %s: %v", p.name, err)
		}
		b.redis.save(strconv.Itoa(n))
		b.say("%s: %d profiles under %d segments begun in %.0f s", p.name, p.profiles, n, time.Since(began).Seconds())
	}
}

// play measures all cases, in turns.
func (b *bench) play(p population) rounds {
	b.t.Helper()
	all := rounds{}
	for round := range b.options.repeats {
		for _, c := range b.order {
			blob := 0
			if c.name == floor {
				blob = int(all[contender{engine, 0}][round].ProfileBytes)
			}
			r := &run{t: b.t, options: b.options, population: p, contender: c, segments: b.segments[c.segments], redis: b.redis}
			f := r.measure(b.broker, fmt.Sprintf("%s-%d-%s-%d", p.name, round, c.name, c.segments), blob)
			all[c] = append(all[c], f)
			b.say("%s, round %d of %d, %s: %.0f events/s, p99 %.1f ms (%.1f until acknowledged), CPU %.1f us, Redis %.1f us",
				p.name, round+1, b.options.repeats, c, f.EventsPerSecond, f.P99, f.AckP99, f.CPU, f.RedisCPU)
		}
	}
	return all
}

func (b *bench) say(format string, values ...any) {
	_, _ = fmt.Fprintf(b.progress, format+"\n", values...) // progress that nobody reads is no failure
}
