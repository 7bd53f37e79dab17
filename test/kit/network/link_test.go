package network_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"

	"muster/test/kit/network"
	"muster/test/kit/redis"
)

// linked returns a client that goes through a link to a server, and one that
// does not.
func linked(t *testing.T) (l *network.Link, through, direct *client.Client) {
	t.Helper()
	server := redis.Start(t)
	l = network.Open(t)
	l.To(server.Address)
	through = client.NewClient(&client.Options{Addr: l.Address, MaxRetries: -1, DisableIdentity: true, ReadTimeout: time.Minute})
	t.Cleanup(func() { _ = through.Close() })
	return l, through, server.Client(t)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestCutRefusesUntilMend(t *testing.T) {
	l, c, _ := linked(t)
	ctx := t.Context()
	must(t, c.Set(ctx, "a", 1, 0).Err())
	l.Cut()
	for range 3 {
		if err := c.Get(ctx, "a").Err(); err == nil {
			t.Fatal("there is an answer through a link that is cut")
		}
	}
	l.Mend()
	must(t, c.Get(ctx, "a").Err())
}

func TestResetEndsConnectionsOnly(t *testing.T) {
	l, _, _ := linked(t)
	conn, err := net.Dial("tcp", l.Address)
	must(t, err)
	defer conn.Close()
	l.Reset()
	must(t, conn.SetReadDeadline(time.Now().Add(time.Minute)))
	var timeout net.Error
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("the connection is still there: %v", err)
	}
	again, err := net.Dial("tcp", l.Address)
	must(t, err)
	_ = again.Close()
}

func TestDelayHoldsAnswersUp(t *testing.T) {
	l, c, _ := linked(t)
	const delay = 300 * time.Millisecond
	must(t, c.Ping(t.Context()).Err())
	l.Delay(delay)
	began := time.Now()
	must(t, c.Ping(t.Context()).Err())
	if took := time.Since(began); took < delay {
		t.Errorf("an answer took %s through a delay of %s", took, delay)
	}
	l.Mend()
	must(t, c.Ping(t.Context()).Err())
}

// The transaction must have landed although its client saw an error.
func TestCutRepliesHitsExecOnly(t *testing.T) {
	l, c, direct := linked(t)
	l.CutReplies()
	transaction := func(ctx context.Context) error {
		_, err := c.TxPipelined(ctx, func(pipe client.Pipeliner) error {
			pipe.Incr(ctx, "a")
			pipe.Set(ctx, "b", "the value of b", 0)
			pipe.Get(ctx, "b")
			return nil
		})
		return err
	}
	must(t, c.Set(t.Context(), "c", "+QUEUED", 0).Err())
	for i := range 3 {
		if err := transaction(t.Context()); err == nil {
			t.Fatal("the reply came through")
		}
		if n, err := direct.Get(t.Context(), "a").Int(); err != nil || n != i+1 {
			t.Fatalf("after %d transactions a is %d, %v", i+1, n, err)
		}
	}
	l.Mend()
	must(t, transaction(t.Context()))
}

// Nobody else can get the address, also while the link is cut.
func TestALinkKeepsItsAddress(t *testing.T) {
	l := network.Open(t)
	for _, change := range []func(){l.Cut, l.Mend, l.Reset} {
		change()
		if other, err := net.Listen("tcp", l.Address); err == nil {
			_ = other.Close()
			t.Fatal("another can listen there")
		}
	}
}

// A command is told before it is passed on, whatever its arguments are, and
// connections made before are left alone.
func TestOnCommand(t *testing.T) {
	l, before, direct := linked(t)
	must(t, before.Ping(t.Context()).Err())
	var told []string
	l.OnCommand(func(name string) {
		if told = append(told, name); name == "SET" && direct.Exists(t.Context(), "a").Val() != 0 {
			t.Error("SET was passed on before it was told")
		}
	})
	must(t, before.Ping(t.Context()).Err())
	client := client.NewClient(&client.Options{Addr: l.Address, MaxRetries: -1, DisableIdentity: true, Protocol: 2})
	defer client.Close()
	must(t, client.Do(t.Context(), "set", "a", "*1\r\n$4\r\nPING\r\n").Err())
	must(t, client.Get(t.Context(), "a").Err())
	l.OnCommand(nil)
	must(t, client.Del(t.Context(), "a").Err())
	if got := strings.Join(told, " "); got != "SET GET" && got != "HELLO SET GET" {
		t.Errorf("told %q", got)
	}
}
