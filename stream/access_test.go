package stream_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"muster/credentials"
	"muster/pipeline"
	"muster/stream"
)

// kafka-go asks for metadata about twice a second for ever. A wrong password
// must not lock the account meanwhile.
func TestAWrongPasswordIsNotTriedAllTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network kfake.VirtualNetwork
		broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(9092), kfake.ListenFn(network.Listen),
			kfake.EnableSASL(), kfake.User("PLAIN", "muster", "right"))
		if err != nil {
			t.Fatal(err)
		}
		defer broker.Close()
		broker.ControlKey(kmsg.SASLAuthenticate.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
			broker.KeepControl()
			res := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
			res.ErrorCode = kerr.SaslAuthenticationFailed.Code
			return res, nil, true
		})
		var dials atomic.Int64
		cfg := valid()
		cfg.Brokers = broker.ListenAddrs()
		cfg.SASL = credentials.SASL{Mechanism: credentials.Plain, Username: "muster", Password: credentials.NewSecret("wrong")}
		cfg.Dial = func(ctx context.Context, kind, address string) (net.Conn, error) {
			dials.Add(1)
			return network.DialContext(ctx, kind, address)
		}
		failed := make(chan error, 100)
		c, err := stream.Connect(cfg, &stream.Observer{FetchError: func(_ string, _ int, err error, _ time.Duration) { failed <- err }})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for began := time.Now(); time.Since(began) < 10*time.Minute; time.Sleep(time.Second) {
			if _, err = c.Partitions(t.Context()); err == nil || !strings.Contains(err.Error(), "check sasl.username") {
				t.Fatalf("got %v", err)
			}
		}
		if n := dials.Load(); n < 20 || n > 150 {
			t.Errorf("%d connections in 10 minutes", n)
		}
		if !strings.Contains(fmt.Sprint(err), "not tried again before") {
			t.Errorf("the last error is %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		source := c.Open(0, 0, pipeline.Anchor{})
		defer source.Close()
		_, _ = source.Fetch(ctx) // ends with ctx
		if err := <-failed; strings.Count(err.Error(), "check sasl.username") != 1 {
			t.Errorf("reading says %v", err)
		}
	})
}
