package sweep

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// spent is the CPU time of this process and of Redis.
func (s *stage) spent() time.Duration {
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		s.tb.Fatal(err)
	}
	text, err := s.client.Info(s.tb.Context(), "cpu").Result()
	if err != nil {
		s.tb.Fatal(err)
	}
	sum := time.Duration(own.Utime.Nano() + own.Stime.Nano())
	for line := range strings.Lines(text) {
		field, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if field != "used_cpu_user" && field != "used_cpu_sys" {
			continue
		}
		seconds, err := strconv.ParseFloat(value, 64)
		if err != nil {
			s.tb.Fatal(err)
		}
		sum += time.Duration(seconds * float64(time.Second))
	}
	return sum
}

// busy is the CPU time of all processes, 0 where the system does not tell.
func busy() time.Duration {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	const tick = 10 * time.Millisecond
	sum := time.Duration(0)
	for i, field := range strings.Fields(line) {
		ticks, err := strconv.Atoi(field)
		if err == nil && i != 4 && i != 5 && i < 9 { // without idle and waiting for disks; guests are counted twice
			sum += time.Duration(ticks) * tick
		}
	}
	return sum
}
