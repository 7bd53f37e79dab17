package e2e

import (
	"crypto/tls"
	"fmt"
	"hash/fnv"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
	"muster/test/kit/certificates"
	"muster/test/kit/delivered"
)

// manners are how endpoints misbehave. None does so towards a second attempt:
// the wait behind that one is of minutes.
var manners = map[string]func(id string, attempt, all int) delivered.Manner{
	"good": nil,
	// down for six attempts of forty, which opens the breaker, but not for long
	"flap": func(_ string, _, all int) delivered.Manner { return when(all%40 < 6, delivered.Hang) },
	"late": func(id string, _, _ int) delivered.Manner { return when(one(id, 40), delivered.ProcessLate) },
	"drop": func(id string, _, _ int) delivered.Manner { return when(one(id, 4), delivered.ProcessHang) },
	"rare": func(_ string, _, all int) delivered.Manner { return when(all%100 == 50, delivered.Fail) },
	// with a status, which is an answer
	"half":   func(id string, _, _ int) delivered.Manner { return when(one(id, 4), delivered.ProcessHalf) },
	"forged": nil, // with a wrong certificate for a while
}

func when(yes bool, m delivered.Manner) delivered.Manner {
	if yes {
		return m
	}
	return delivered.Accept
}

// one chooses one of so many ids.
func one(id string, of uint32) bool {
	digest := fnv.New32a()
	_, _ = io.WriteString(digest, id)
	return digest.Sum32()%of == 0
}

// TestMisbehavingEndpointsKnowAll has a destination of each manner at once, and
// an evaluator killed. What each knows in the end is what Redis holds; nothing
// is missing or turned round, and repeats come under the same id.
func TestMisbehavingEndpointsKnowAll(t *testing.T) {
	stack.Beside(t)
	secret, ca := secretFile(t), authority(t)
	endpoints := map[string]*delivered.Endpoint{}
	var file strings.Builder
	file.WriteString("destinations:\n")
	for name, manner := range manners {
		e := &delivered.Endpoint{T: t, Log: delivered.New()}
		if manner != nil {
			e.Manner = func(id string, attempt, all int) delivered.Manner {
				if attempt > 1 {
					return delivered.Accept
				}
				return manner(id, attempt, all)
			}
		}
		endpoints[name] = e
		url := serve(t, e, name == "forged", ca)
		fmt.Fprintf(&file, "  - name: %s\n    segments: all\n    batch: 3\n    concurrency: 16\n    webhook: {url: %q, secrets: [{file: %q}], "+
			"allow_networks: [127.0.0.0/8], timeout: 4s, ca_file: %q}\n", name, url, secret, ca.File)
	}
	tr := traffic.New(7, 60, 12)
	s := stack.Start(t, stack.Options{Shards: shards, Sources: sources, Segments: tr.Segments(), Destinations: file.String()})
	s.Init()
	victim := s.Run()
	produceAndAwaitSome(s, tr)
	victim.Kill()
	s.Run()
	produceAndAwaitSome(s, tr)
	s.AwaitSettled(stack.Patience)
	tr.ExpectAll(t, s)
	report(t, s.Verify(tr.Rules))
	outbox := s.Outbox()
	for name, e := range endpoints {
		s.Await("the endpoint "+name+" to know all changes", 4*stack.Patience, func() error { return e.Log.Lacks(outbox) })
		tally, problems := e.Log.Compare(outbox)
		if tally.Wrong() > 0 || tally.Changes == 0 {
			t.Errorf("%s: %+v: %s", name, tally, strings.Join(problems, "\n"))
		}
		if unanswered := name == "late" || name == "drop"; unanswered && tally.Repeats == 0 {
			t.Errorf("%s: nothing came again: %+v", name, tally)
		}
		t.Logf("%s: %+v", name, tally)
	}
}

func authority(t *testing.T) *certificates.Authority {
	t.Helper()
	ca, err := certificates.New(t.TempDir(), "authority")
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// forgeries is how many connections are shown a wrong certificate.
const forgeries = 3

// serve starts an endpoint, one with a wrong certificate at first if it is
// forged, and returns its URL.
func serve(t *testing.T, e *delivered.Endpoint, forged bool, ca *certificates.Authority) string {
	t.Helper()
	server := httptest.NewUnstartedServer(e)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(server.Close)
	if !forged {
		server.Start()
		return server.URL
	}
	right, wrong := certificate(t, ca), certificate(t, authority(t))
	var shown atomic.Int64
	// The test server has a certificate of its own, so the configuration is
	// replaced as a whole.
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		if shown.Add(1) <= forgeries {
			return wrong, nil
		}
		return right, nil
	}}
	server.StartTLS()
	t.Cleanup(func() {
		if n := shown.Load(); n <= forgeries {
			t.Errorf("the certificate was shown %d times", n)
		}
	})
	return server.URL
}

// certificate returns what a server is configured with that shows one of an
// authority's.
func certificate(t *testing.T, ca *certificates.Authority) *tls.Config {
	t.Helper()
	pair, err := ca.Issue("endpoint", time.Now().Add(24*time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := tls.LoadX509KeyPair(pair.CertFile, pair.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{loaded}}
}
