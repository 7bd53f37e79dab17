package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"muster/demo"
	"muster/sink"
)

// hook is called with everything that is written.
type hook func(text string)

// Write is io.Writer's.
func (h hook) Write(text []byte) (int, error) {
	h(string(text))
	return len(text), nil
}

// Whoever still produces to the old topic while it is copied loses nothing:
// the reshard is given up, and may be done later.
func TestReshardIsGivenUpWhenRecordsCome(t *testing.T) {
	servers, err := demo.StartServers()
	if err != nil {
		t.Fatal(err)
	}
	defer servers.Close()
	file := filepath.Join(t.TempDir(), "muster.yaml")
	text := fmt.Sprintf("kafka: {brokers: [%q]}\nredis: {addresses: [%q], buckets: 64}\n", servers.Broker, servers.Redis)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	run := func(to io.Writer, arguments ...string) int {
		return execute(append(arguments, "-c", file), console{strings.NewReader(""), io.Discard, to})
	}
	if code := run(&said, "init", "--shards", "2"); code != exitOK {
		t.Fatalf("init: %d\n%s", code, &said)
	}
	produced := false
	meddle := hook(func(text string) {
		said.WriteString(text)
		if !produced && strings.HasPrefix(text, "check: ") {
			produced = true
			// Without acknowledgement the reshard may look before the record is there.
			w := &kafka.Writer{
				Addr: kafka.TCP(servers.Broker), Topic: "muster-events", BatchTimeout: time.Millisecond, RequiredAcks: kafka.RequireAll,
			}
			defer w.Close()
			if err := w.WriteMessages(t.Context(), kafka.Message{Key: []byte("ann"), Value: []byte("{}")}); err != nil {
				t.Error(err)
			}
		}
	})
	if code := run(meddle, "reshard", "--shards", "3"); code != exitFailure || !strings.Contains(said.String(), " has 1 record to read, from offset 0") ||
		!strings.Contains(said.String(), "the old shards are open again") {
		t.Fatalf("exit code %d\n%s", code, &said)
	}
	cfg, err := readConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	store, err := sink.New(t.Context(), cfg.Redis)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	_, err = store.Open(t.Context(), 0)
	if err = errors.Join(err, store.Check(t.Context(), 2)); err != nil {
		t.Errorf("the old shards can't be used: %v", err)
	}
}

func TestReshardProgress(t *testing.T) {
	var out strings.Builder
	p, now := newStepProgress(&out), time.Unix(0, 0)
	p.now = func() time.Time { return now }
	for _, at := range []struct {
		after time.Duration
		step  string
		done  int64
	}{
		{0, "profiles", 100}, {time.Second, "profiles", 150}, {9 * time.Second, "profiles", 600}, {time.Second, "profiles", 700}, {0, "check", 0},
	} {
		now = now.Add(at.after)
		p.tell(sink.Progress{Step: at.step, Unit: "things", Done: at.done, Total: 1000})
	}
	p.end()
	want := "profiles: 100 of 1000 things\nprofiles: 600 of 1000 things, 50 a second, 8s to go\ncheck: 0 of 1000 things\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	out.Reset()
	p = &stepProgress{out: &out, live: true, every: stepProgressEvery, now: func() time.Time { return now }}
	p.tell(sink.Progress{Step: "drop", Unit: "shards", Total: 2})
	p.end()
	if want := "\r\x1b[Kdrop: 0 of 2 shards\r\x1b[K"; out.String() != want {
		t.Errorf("on a terminal: %q, want %q", out.String(), want)
	}
}
