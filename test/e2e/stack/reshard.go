package stack

import (
	"context"
	"os/exec"
	"time"
)

// Reshard runs `evaluator reshard` and returns all it printed. After the
// limit it is killed.
func (s *System) Reshard(limit time.Duration, arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	all := append([]string{"reshard", "-c", s.config("reshard", "")}, arguments...)
	out, err := exec.CommandContext(ctx, binary, all...).CombinedOutput()
	return string(out), err
}

// Resharded says that the keyed topic and its shards are others now.
func (s *System) Resharded(keyed string, shards int) {
	s.Keyed, s.Shards, s.Layout = keyed, shards, max(1, s.Layout)+1
}
