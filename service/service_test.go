package service

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"muster/config"
	"muster/credentials"
)

func TestClock(t *testing.T) {
	s := New(config.Default(), nil, zap.NewNop())
	if now := s.wall()(); now < 1_700_000_000_000 || now > time.Now().UnixMilli() {
		t.Errorf("clock: wall gives %d", now)
	}
	s.config.Clock = config.StreamClock
	if now := s.wall()(); now != 0 {
		t.Errorf("clock: stream gives %d", now)
	}
}

func TestPortInUse(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	cfg := config.Default()
	cfg.HTTP.Listen = listener.Addr().String()
	var refused *UnusableError
	if err := New(cfg, nil, zap.NewNop()).Serve(t.Context(), nil, nil); !errors.As(err, &refused) || !strings.HasPrefix(err.Error(), "http.listen: "+cfg.HTTP.Listen+" is taken") {
		t.Errorf("a port in use gives %v", err)
	}
}

// A service that is printed by mistake shows no password.
func TestNothingPrintsAPassword(t *testing.T) {
	cfg := config.Default()
	cfg.Kafka.SASL = credentials.SASL{Mechanism: credentials.Plain, Username: "muster", Password: credentials.NewSecret("hunter2")}
	cfg.Redis.Password = credentials.NewSecret("hunter3")
	s := New(cfg, nil, zap.NewNop())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		text := fmt.Sprintf(verb, *s)
		if strings.Contains(text, "hunter") || strings.Contains(text, fmt.Sprintf("%x", "hunter")) {
			t.Errorf("printed: %s", text)
		}
	}
}

// Who asks while the HTTP port is open and Run has not begun is not told that
// all is well: the deployment may turn out to be another's.
func TestANewServiceIsNotReady(t *testing.T) {
	s := New(config.Default(), nil, zap.NewNop())
	if waiting := strings.Join(s.watch.Health().Waiting(), "; "); !strings.Contains(waiting, startPart) {
		t.Errorf("it waits for %q, want %s", waiting, startPart)
	}
}
