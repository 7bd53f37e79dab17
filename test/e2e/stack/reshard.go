package stack

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
)

// Reshard runs `evaluator reshard` and returns all it printed.
func (s *System) Reshard(arguments ...string) (string, error) {
	return s.Command(s.reshard(arguments)...)
}

// ReshardKilledAt is Reshard, killed when its n-th command is on the way to
// Redis, unless it has come to its end before. It needs links in front of Redis.
func (s *System) ReshardKilledAt(n int, arguments ...string) (string, error) {
	s.t.Helper()
	command := s.program(context.Background(), built, s.reshard(arguments)...)
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	started := make(chan struct{})
	var sent atomic.Int64
	s.OnCommand(func(string) {
		if sent.Add(1) == int64(n) {
			<-started
			_ = command.Process.Kill()
		}
	})
	defer s.OnCommand(nil)
	if err := command.Start(); err != nil {
		return "", fmt.Errorf("starting a reshard: %w", err)
	}
	close(started)
	err := command.Wait()
	return out.String(), err
}

func (s *System) reshard(arguments []string) []string {
	return append([]string{"reshard", "-c", s.config("reshard", "")}, arguments...)
}

// OnCommand has do called with the name of every command to Redis, before it
// is passed on, on connections that are made from now on; nil ends that. It
// needs links in front of Redis.
func (s *System) OnCommand(do func(name string)) {
	for _, link := range s.Servers.RedisLinks {
		link.OnCommand(do)
	}
}

// layout is a keyed topic and its shards.
type layout struct {
	keyed  string
	shards int
}

// EachLayout calls f with Keyed and Shards as they were, before each reshard
// and then now.
func (s *System) EachLayout(f func()) {
	now := layout{s.Keyed, s.Shards}
	for _, l := range append(s.earlier[:len(s.earlier):len(s.earlier)], now) {
		s.Keyed, s.Shards = l.keyed, l.shards
		f()
	}
}

// Resharded says that the keyed topic and its shards are others now.
func (s *System) Resharded(keyed string, shards int) {
	s.earlier = append(s.earlier, layout{s.Keyed, s.Shards})
	s.Keyed, s.Shards, s.Layout = keyed, shards, max(1, s.Layout)+1
}
