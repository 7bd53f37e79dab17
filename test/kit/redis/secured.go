package redis

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"muster/test/kit/certificates"
)

// The users of a server with Security.
const (
	Admin         = "admin" // may do everything
	AdminPassword = "the-admins-own-word"
	User          = "muster" // may do what docs/operations.md lists
	Password      = "the-users-own-word"
)

// Security is what the clients of a server need: TLS with a certificate of
// the Authority, and a user.
type Security struct {
	Authority *certificates.Authority
	Client    certificates.Pair // what clients may show

	server certificates.Pair
	tls    *tls.Config
}

// NewSecurity makes certificates that last as long as the test.
func NewSecurity(t testing.TB) *Security {
	t.Helper()
	s, err := newSecurity(t.TempDir())
	if err != nil {
		t.Fatalf("making certificates for redis: %v", err)
	}
	return s
}

func newSecurity(folder string) (s *Security, err error) {
	s = &Security{}
	if s.Authority, err = certificates.New(folder, "redis-authority"); err != nil {
		return nil, err
	}
	until := time.Now().Add(time.Hour)
	if s.server, err = s.Authority.Issue("redis", until, "localhost", "127.0.0.1"); err != nil {
		return nil, err
	}
	if s.Client, err = s.Authority.Issue("redis-client", until); err != nil {
		return nil, err
	}
	s.tls, err = s.Authority.TLS(s.Client)
	return s, err
}

// Start is the package's Start with security.
func (s *Security) Start(t testing.TB, directives ...string) *Server {
	t.Helper()
	return start(t, s, append(s.users(t), directives...))
}

// StartCluster is the package's StartCluster with security.
func (s *Security) StartCluster(t testing.TB, masters, replicas int, directives ...string) *Cluster {
	t.Helper()
	own := append(s.users(t), "tls-cluster yes", "tls-replication yes", "masteruser "+Admin, "masterauth "+AdminPassword)
	return (&Cluster{security: s}).start(t, masters, replicas, append(own, directives...))
}

// users are directives: the admin, nobody else without a password, and the
// user with the permissions that the documentation lists.
func (s *Security) users(t testing.TB) []string {
	t.Helper()
	documented := DocumentedUser(t)
	if !strings.Contains(documented, " >CHANGE-ME ") {
		t.Fatalf("the documented user has no password to change: %s", documented)
	}
	return []string{
		"user default off",
		fmt.Sprintf("user %s on >%s ~* &* +@all", Admin, AdminPassword),
		strings.Replace(documented, ">CHANGE-ME", ">"+Password, 1),
	}
}

// listen are directives for a port that only takes TLS.
func (s *Security) listen(port int) []string {
	return []string{
		"port 0", fmt.Sprintf("tls-port %d", port), "tls-auth-clients yes",
		"tls-cert-file " + s.server.CertFile, "tls-key-file " + s.server.KeyFile, "tls-ca-cert-file " + s.Authority.File,
	}
}

// DocumentedUser returns the line of docs/operations.md that makes the user
// in redis.conf.
func DocumentedUser(t testing.TB) string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	text, err := os.ReadFile(filepath.Join(filepath.Dir(here), "..", "..", "..", "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "    user "+User+" ") {
			return strings.TrimSpace(line)
		}
	}
	t.Fatalf("docs/operations.md has no line for user %s", User)
	return ""
}
