package sink_test

import (
	"bytes"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"muster/test/kit/redis"
)

// A proxy, or a name, leads to another master after a failover, while the
// connections of before still lead to the old one, which is a replica and
// goes on answering. A proxy may make a plain error of what it says.
func TestConnectionsToAReplicaAreLeft(t *testing.T) {
	for name, reword := range map[string]func([]byte) []byte{
		"in Redis' words": nil,
		"as a plain error": func(reply []byte) []byte {
			return bytes.ReplaceAll(reply, []byte("-READONLY "), []byte("-ERR READONLY "))
		},
	} {
		t.Run(name, func(t *testing.T) {
			old, next := redis.Start(t), redis.Start(t)
			oldClient, nextClient := old.Client(t), next.Client(t)
			p := startProxy(t, old.Address)
			p.to(old.Address, reword)
			store := open(t, config(p.address))
			w := start(t, store, 0)
			w.step(t)
			replicate(t, nextClient.ReplicaOf(t.Context(), hostOf(old.Address), portOf(old.Address)).Err())
			awaitRedis(t, "the replica to have everything", func() bool {
				info := nextClient.Info(t.Context(), "replication").Val()
				return strings.Contains(info, "master_link_status:up") && nextClient.Exists(t.Context(), "m:{s0}:meta").Val() == 1
			})
			replicate(t, errors.Join(nextClient.ReplicaOf(t.Context(), "no", "one").Err(),
				oldClient.ReplicaOf(t.Context(), hostOf(next.Address), portOf(next.Address)).Err()))
			p.to(next.Address, reword)
			w.step(t) // over connections that lead to the old one
			landed(t, open(t, config(next.Address)), 0, 2)
		})
	}
}

// Redis that reads its data after a start answers nothing else than LOADING.
// The store waits for it, and Ping says so.
func TestLoadingIsWaitedFor(t *testing.T) {
	r := newRig(t, nil)
	loading := func([]byte) []byte { return []byte("-LOADING Redis is loading the dataset in memory\r\n") }
	r.to(r.server.Address, loading)
	r.cutAll()
	if err := r.worker.store.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "LOADING") {
		t.Errorf("asked whether it is there: %v", err)
	}
	before := r.retried.Load()
	done := make(chan struct{})
	go func() {
		defer close(done)
		awaitRedis(t, "an attempt that is made again", func() bool { return r.retried.Load() > before+1 })
		r.to(r.server.Address, nil)
		r.cutAll() // as a proxy, or a server that is started, does
	}()
	r.worker.step(t)
	<-done
	landed(t, r.beside, 0, 2)
}

func replicate(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func awaitRedis(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("waited in vain for %s", what)
			return
		}
	}
}

func hostOf(address string) string { h, _, _ := net.SplitHostPort(address); return h }
func portOf(address string) string { _, p, _ := net.SplitHostPort(address); return p }
