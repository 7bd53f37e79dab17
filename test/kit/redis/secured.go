package redis

import (
	"crypto/tls"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"muster/test/kit/certificates"
	"muster/test/kit/repository"
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
	// Destinations gives the user what docs/operations.md lists for
	// destinations too. Set it before Start.
	Destinations bool

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
	if s.Destinations {
		documented += " " + documentedForDestinations(t)
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

// DocumentedUser returns the line of redis.conf that makes the user as the
// command in docs/operations.md does.
func DocumentedUser(t testing.TB) string {
	t.Helper()
	unfolded := strings.ReplaceAll(operations(t), "\\\n", " ")
	for line := range strings.Lines(unfolded) {
		command, found := strings.CutPrefix(line, "    redis-cli ACL SETUSER "+User+" on ")
		if found {
			words := strings.Fields(strings.ReplaceAll(command, "'", ""))
			return "user " + User + " on " + strings.Join(words, " ")
		}
	}
	t.Fatalf("docs/operations.md has no command for user %s", User)
	return ""
}

// forDestinations is what docs/operations.md says of the user.
var forDestinations = regexp.MustCompile("with\\s+\\[destinations\\]\\(activation\\.md\\)\\s+`([^`]+)`")

// documentedForDestinations returns the permissions that destinations take
// beside those of DocumentedUser.
func documentedForDestinations(t testing.TB) string {
	t.Helper()
	found := forDestinations.FindStringSubmatch(operations(t))
	if found == nil {
		t.Fatal("docs/operations.md lists no permissions for destinations")
	}
	return found[1]
}

// operations returns the text of docs/operations.md.
func operations(t testing.TB) string {
	t.Helper()
	return repository.Read(t, "docs/operations.md")
}
