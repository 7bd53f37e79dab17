package skew

import (
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/test/kit/redis"
)

// cost is what was spent since some time.
type cost struct {
	cpu  time.Duration // of this process and of Redis
	wall time.Duration // on the clock
}

func (c cost) since(before cost) cost { return cost{c.cpu - before.cpu, c.wall - before.wall} }

// spent returns what was spent until now.
func spent(b *testing.B, server *redis.Server) cost {
	b.Helper()
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		b.Fatal(err)
	}
	text, err := server.Client(b).Info(b.Context(), "cpu").Result()
	if err != nil {
		b.Fatal(err)
	}
	sum := time.Duration(own.Utime.Nano() + own.Stime.Nano())
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name != "used_cpu_user" && name != "used_cpu_sys" {
			continue
		}
		seconds, err := strconv.ParseFloat(value, 64)
		if err != nil {
			b.Fatal(err)
		}
		sum += time.Duration(seconds * float64(time.Second))
	}
	return cost{cpu: sum, wall: time.Since(started)}
}

// started is when the clock of cost began.
var started = time.Now()
