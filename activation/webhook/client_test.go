package webhook

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"muster/activation"
)

// TestConnectionsAreUsedAgain has as many messages on their way at once as
// the shards of a process may have, again and again.
func TestConnectionsAreUsedAgain(t *testing.T) {
	const atOnce, rounds = 64, 5
	var arrived atomic.Int64
	var opened atomic.Int64
	all := make([]chan struct{}, rounds)
	for i := range all {
		all[i] = make(chan struct{})
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := arrived.Add(1) - 1
		if (n+1)%atOnce == 0 {
			close(all[n/atOnce])
		}
		<-all[n/atOnce] // nobody is answered before all are here
		w.WriteHeader(http.StatusNoContent)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	s := sender(t, server.URL, nil)
	for range rounds {
		var sending sync.WaitGroup
		for range atOnce {
			sending.Go(func() {
				if a := s.Send(t.Context(), message); a.Verdict != activation.Delivered {
					t.Errorf("the answer is %+v", a)
				}
			})
		}
		sending.Wait()
	}
	if n := opened.Load(); n > 2*atOnce {
		t.Errorf("%d messages at once took %d connections in %d rounds, want about one each", atOnce, n, rounds)
	}
}
