package sink

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestTheClientIsMadeAsConfigured(t *testing.T) {
	cfg := Default()
	cfg.Addresses = []string{"redis.test:1"}
	cfg.DialTimeout, cfg.ReadTimeout, cfg.WriteTimeout = time.Second, 2*time.Second, 3*time.Second
	cfg.Connections = 7
	client := connect(cfg, newLines())
	defer func() { _ = client.Close() }()
	o := client.(*redis.Client).Options()
	if o.Addr != "redis.test:1" || o.DialTimeout != cfg.DialTimeout || o.ReadTimeout != cfg.ReadTimeout ||
		o.WriteTimeout != cfg.WriteTimeout || o.PoolSize != cfg.Connections {
		t.Errorf("options %+v", o)
	}
	if o.MaxRetries != 0 {
		t.Errorf("the client repeats commands by itself, %d times", o.MaxRetries)
	}
}

func TestTheClusterClientIsMadeAsConfigured(t *testing.T) {
	cfg := Default()
	cfg.Cluster = true
	cfg.DialTimeout, cfg.ReadTimeout, cfg.WriteTimeout = time.Second, 2*time.Second, 3*time.Second
	client := connect(cfg, newLines())
	defer func() { _ = client.Close() }()
	o := client.(*redis.ClusterClient).Options()
	if o.DialTimeout != cfg.DialTimeout || o.ReadTimeout != cfg.ReadTimeout || o.WriteTimeout != cfg.WriteTimeout {
		t.Errorf("options %+v", o)
	}
	if o.MaxRetries != -1 {
		t.Errorf("node clients repeat commands by themselves, %d times", o.MaxRetries)
	}
}
