package sink_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"muster/credentials"
	"muster/sink"
	"muster/test/kit/port"
	"muster/test/kit/redis"
)

func TestAServerThatEvictsIsRefused(t *testing.T) {
	server := redis.Start(t, "maxmemory 100mb", "maxmemory-policy allkeys-lru")
	_, err := sink.New(t.Context(), config(server.Address))
	if !errors.Is(err, sink.ErrEvicts) || !strings.Contains(err.Error(), "CONFIG SET maxmemory-policy noeviction") {
		t.Fatalf("got %v, want ErrEvicts with what to do", err)
	}
	// What the error says to do helps.
	if err := server.Client(t).ConfigSet(t.Context(), "maxmemory-policy", "noeviction").Err(); err != nil {
		t.Fatal(err)
	}
	connect(t, config(server.Address))
}

func TestAPolicyWithoutALimitIsAccepted(t *testing.T) {
	server := redis.Start(t, "maxmemory 0", "maxmemory-policy allkeys-lru")
	connect(t, config(server.Address))
}

func TestEvictionIsSeenWithoutTheRightToCONFIG(t *testing.T) {
	server := redis.Start(t, "maxmemory 100mb", "maxmemory-policy volatile-ttl",
		"user muster on >secret allkeys +@all -config")
	cfg := config(server.Address)
	cfg.Username, cfg.Password = "muster", credentials.NewSecret("secret")
	if _, err := sink.New(t.Context(), cfg); !errors.Is(err, sink.ErrEvicts) {
		t.Fatalf("got %v, want ErrEvicts", err)
	}
}

func TestAWrongPasswordIsNotTriedAgain(t *testing.T) {
	server := redis.Start(t, "requirepass secret")
	cfg := config(server.Address)
	cfg.Password = credentials.NewSecret("wrong")
	cfg.RetryFor = time.Minute
	cfg.Observer.Retried = func(_ string, err error) { t.Errorf("tried again after %v", err) }
	if _, err := sink.New(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "WRONGPASS") {
		t.Fatalf("got %v, want WRONGPASS", err)
	}
	cfg.Password = credentials.NewSecret("secret")
	connect(t, cfg)
}

func TestAClusterNodeNeedsTheClusterSetting(t *testing.T) {
	server := redis.Start(t, "cluster-enabled yes", fmt.Sprintf("cluster-port %d", port.Hold(t).Number))
	_, err := sink.New(t.Context(), config(server.Address))
	if err == nil || !strings.Contains(err.Error(), "cluster: true") {
		t.Fatalf("got %v, want the setting to change", err)
	}
}

func TestAServerThatIsAwayIsNamed(t *testing.T) {
	server := redis.Start(t)
	server.Stop(t)
	cfg := config(server.Address)
	cfg.RetryFor = time.Minute
	ctx, enough := context.WithCancel(t.Context())
	defer enough()
	retried := 0
	cfg.Observer.Retried = func(string, error) {
		if retried++; retried == 2 {
			enough()
		}
	}
	_, err := sink.New(ctx, cfg)
	if err == nil || !strings.Contains(err.Error(), server.Address) {
		t.Fatalf("got %v, want the address", err)
	}
	if retried != 2 {
		t.Errorf("it was tried again %d times, want twice and then to be stopped", retried)
	}
}

func TestTheDatabaseIsChosen(t *testing.T) {
	server := redis.Start(t)
	cfg := config(server.Address)
	cfg.DB = 5
	start(t, open(t, cfg), 0).step(t)
	if got := len(redis.Dump(t, server.Client(t))); got != 0 {
		t.Errorf("%d keys in database 0", got)
	}
}

func TestAnInvalidConfigurationIsRefused(t *testing.T) {
	if _, err := sink.New(t.Context(), sink.Config{}); err == nil {
		t.Fatal("a zero configuration is accepted")
	}
}

func TestInspectingAClusterSeesEveryMaster(t *testing.T) {
	needCluster(t)
	cluster := redis.StartCluster(t, 3, 0)
	connect(t, config(cluster.Addresses...))
	c := cluster.Nodes[2].Client(t)
	for name, value := range map[string]string{"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"} {
		if err := c.ConfigSet(t.Context(), name, value).Err(); err != nil {
			t.Fatal(err)
		}
	}
	// One address is enough when the setting says so.
	cfg := config(cluster.Addresses[0])
	cfg.Cluster = true
	_, err := sink.New(t.Context(), cfg)
	if !errors.Is(err, sink.ErrEvicts) || !strings.Contains(err.Error(), cluster.Addresses[2]) {
		t.Fatalf("got %v, want ErrEvicts of %s", err, cluster.Addresses[2])
	}
}
