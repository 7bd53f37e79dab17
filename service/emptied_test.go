package service

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Redis comes back empty while the service runs: nothing is begun anew until
// somebody says so. With a backup the service goes on where that was, and
// with init from what Kafka still holds; neither takes a restart.
func TestRedisComesBackEmpty(t *testing.T) {
	for way, mend := range map[string]func(*testing.T, *emptied){
		"restored":      func(t *testing.T, e *emptied) { e.restore(t) },
		"begun anew":    func(t *testing.T, e *emptied) { e.prepare(t) },
		"while written": func(t *testing.T, e *emptied) { e.produce(t, "while-empty"); e.restore(t) },
	} {
		t.Run(way, func(t *testing.T) {
			e := &emptied{leakRig: newLeakRig(t)}
			e.client = e.server.Client(t)
			defer e.start(t)()
			e.produce(t, "before")
			e.awaitMembers(t, "before")
			e.backup(t)
			e.server.Restart(t) // it has kept nothing
			e.await(t, "nobody to hold a shard", func() (err error) {
				e.note(func() {
					if len(e.held) > 0 {
						err = fmt.Errorf("%v are held", e.held)
					}
				})
				return err
			})
			e.await(t, "health to say so", func() error {
				if waiting := fmt.Sprint(e.service.watch.Health().Waiting()); !strings.Contains(waiting, "m:cluster is missing") {
					return errors.New(waiting)
				}
				return nil
			})
			if keys := e.client.Keys(t.Context(), "m:{s*").Val(); len(keys) > 0 {
				t.Errorf("shards were begun anew: %q", keys)
			}
			mend(t, e)
			e.awaitHeld(t, leakShards)
			e.produce(t, "after")
			e.awaitMembers(t, "before", "after")
		})
	}
}

// emptied is a leakRig whose Redis is emptied.
type emptied struct {
	*leakRig
	client *redis.Client
	saved  map[string]string
}

func (e *emptied) prepare(t *testing.T) {
	t.Helper()
	if _, err := Prepare(t.Context(), e.config, Preparation{Shards: leakShards, Replication: 1}); err != nil {
		t.Fatal(err)
	}
}

// backup keeps every key as Redis writes it.
func (e *emptied) backup(t *testing.T) {
	t.Helper()
	e.saved = map[string]string{}
	for _, key := range e.client.Keys(t.Context(), "m:*").Val() {
		e.saved[key] = e.client.Dump(t.Context(), key).Val()
	}
}

func (e *emptied) restore(t *testing.T) {
	t.Helper()
	pipe := e.client.TxPipeline()
	for key, value := range e.saved {
		pipe.RestoreReplace(t.Context(), key, 0, value)
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (e *emptied) produce(t *testing.T, profile string) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(e.config.Kafka.Brokers...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	record := &kgo.Record{Topic: e.config.Kafka.Keyed, Key: []byte(profile), Value: fmt.Appendf(nil, `{"type":"track","event":"Seen","userId":%q}`, profile)}
	if err := client.ProduceSync(t.Context(), record).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

func (e *emptied) awaitMembers(t *testing.T, want ...string) {
	t.Helper()
	e.await(t, fmt.Sprintf("%q to be members", want), func() error {
		var members []string
		for shard := range leakShards {
			members = append(members, e.client.SMembers(t.Context(), fmt.Sprintf("m:{s%d}:seg:seen", shard)).Val()...)
		}
		for _, profile := range want {
			if !slices.Contains(members, profile) {
				return fmt.Errorf("the members are %q", members)
			}
		}
		return nil
	})
}
