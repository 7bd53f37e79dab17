package sink_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/alicebob/miniredis/v2"
	client "github.com/redis/go-redis/v9"

	"muster/sink"
)

func TestTransientAnswers(t *testing.T) {
	server := miniredis.RunT(t)
	c := client.NewClient(&client.Options{Addr: server.Addr(), DisableIdentity: true, MaxRetries: -1})
	t.Cleanup(func() { _ = c.Close() })
	for answer, want := range map[string]bool{
		"LOADING Redis is loading the dataset in memory":             true,
		"READONLY You can't write against a read only replica.":      true,
		"ERR READONLY You can't write against a read only replica.":  true, // a proxy says it
		"ERR -READONLY You can't write against a read only replica.": true,
		"READONLY": true,
		"ERR LOADING Redis is loading the dataset in memory":                            true,
		"ERR the key READONLY is not there":                                             false,
		"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to no": true,
		"CLUSTERDOWN The cluster is down":                                               true,
		"TRYAGAIN Multiple keys request during rehashing of slot":                       true,
		"NOREPLICAS Not enough good replicas to write.":                                 true,
		"ERR max number of clients reached":                                             true,
		"MOVED 3999 127.0.0.1:6381":                                                     true,
		"ASK 3999 127.0.0.1:6381":                                                       true,
		"WRONGTYPE Operation against a key holding the wrong kind of value":             false,
		"OOM command not allowed when used memory > 'maxmemory'.":                       false,
		"NOPERM User muster has no permissions to run the 'hscan' command":              false,
		"WRONGPASS invalid username-password pair or user is disabled.":                 false,
		"EXECABORT Transaction discarded because of previous errors.":                   false,
		"ERR unknown command":                                                           false,
	} {
		server.SetError(answer)
		err := c.Get(t.Context(), "key").Err()
		if err == nil || err.Error() != answer {
			t.Fatalf("got %v, want %s", err, answer)
		}
		for _, err := range []error{err, fmt.Errorf("reading: %w", err)} {
			if sink.IsTransient(err) != want {
				t.Errorf("%v: want %v", err, want)
			}
		}
	}
}

func TestTransientErrors(t *testing.T) {
	for err, want := range map[error]bool{
		client.TxFailedErr: true, client.Nil: false, io.EOF: false, nil: false,
		errors.New("dial tcp 127.0.0.1:6379: connect: connection refused"): false,
	} {
		if sink.IsTransient(err) != want {
			t.Errorf("%v: want %v", err, want)
		}
	}
}
