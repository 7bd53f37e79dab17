package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"muster/config"
	"muster/rules"
	"muster/test/kit/kafka"
	"muster/test/kit/network"
	hold "muster/test/kit/port"
)

// While Redis or Kafka is away at the start, the API's port answers that the
// process is not ready, the port of metrics says what for, and once it is there
// the API answers without a restart.
func TestTheAPIIsThereBeforeItsStores(t *testing.T) {
	for _, away := range []string{"redis", "kafka"} {
		t.Run(away, func(t *testing.T) {
			l, links := newLeakRig(t), map[string]*network.Link{"redis": network.Open(t), "kafka": network.Open(t)}
			broker, err := kafka.StartFakeBehind(t.TempDir(), links["kafka"])
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = broker.Stop() })
			links["redis"].To(l.server.Address)
			l.config.Redis.Addresses, l.config.Redis.Prefix = []string{links["redis"].Address}, "other"
			l.config.Kafka.Brokers, l.config.Kafka.Keyed, l.config.Kafka.Group = broker.Addresses(), "other-events", "other"
			l.config.API.Listen, l.config.API.Insecure = fmt.Sprintf("127.0.0.1:%d", hold.Hold(t).Number), true
			if _, err := Prepare(t.Context(), l.config, Preparation{Shards: leakShards, Replication: 1}); err != nil {
				t.Fatal(err)
			}
			links[away].Cut()
			set, err := rules.Compile([]rules.Segment{rules.NewSegment("seen", `count(events("*")) > 0`)})
			if err != nil {
				t.Fatal(err)
			}
			l.service = New(l.config, set, zap.NewNop())
			ctx, end := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- l.service.Run(ctx) }()
			l.awaitStatus(t, "/v1/segments", http.StatusServiceUnavailable)
			l.awaitStatus(t, "/readyz", http.StatusServiceUnavailable)
			l.await(t, "health to say what is waited for", func() error {
				waiting := strings.Join(l.service.watch.Health().Waiting(), "; ")
				if !strings.Contains(waiting, away+": ") || !strings.Contains(waiting, apiPart+": ") || strings.Contains(waiting, away+": not reached yet") {
					return errors.New(waiting)
				}
				return nil
			})
			links[away].Mend()
			l.awaitStatus(t, "/v1/segments", http.StatusOK)
			l.awaitStatus(t, "/readyz", http.StatusOK)
			end()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

// awaitStatus waits until the API answers a path so. A 503 says when to come
// again, unless it is of /readyz.
func (l *leakRig) awaitStatus(t *testing.T, path string, status int) {
	t.Helper()
	l.await(t, fmt.Sprintf("%d at %s", status, path), func() error {
		response, err := http.Get("http://" + l.config.API.Listen + path)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != status || status == http.StatusServiceUnavailable && path != "/readyz" && response.Header.Get("Retry-After") == "" {
			return fmt.Errorf("%s, %v", response.Status, response.Header)
		}
		return nil
	})
}

func TestTheAPIsPortInUse(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	s := New(config.Default(), nil, zap.NewNop())
	s.config.API.Listen, s.config.API.Insecure = listener.Addr().String(), true
	ctx, end := context.WithTimeout(t.Context(), time.Minute)
	defer end()
	var refused *UnusableError
	if err := s.Run(ctx); !errors.As(err, &refused) || !strings.HasPrefix(err.Error(), "api.listen: "+listener.Addr().String()+" is taken") {
		t.Errorf("a port in use gives %v", err)
	}
}
