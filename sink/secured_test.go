package sink_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"

	"muster/credentials"
	"muster/pipeline/storetest"
	"muster/sink"
	"muster/test/kit/certificates"
	"muster/test/kit/redis"
)

// secured returns the configuration of the documented user.
func secured(s *redis.Security, addresses ...string) sink.Config {
	cfg := config(addresses...)
	cfg.Username, cfg.Password = redis.User, credentials.NewSecret(redis.Password)
	cfg.TLS = credentials.TLS{
		Enabled: true, CAFile: s.Authority.File, CertFile: s.Client.CertFile, KeyFile: s.Client.KeyFile,
	}
	return cfg
}

// The documented permissions are enough for all a store does.
func TestStoreAsTheDocumentedUser(t *testing.T) {
	security := redis.NewSecurity(t)
	server := security.Start(t)
	admin := server.Client(t)
	storetest.Run(t, func(t *testing.T) storetest.Backend {
		if err := admin.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		return backend(t, secured(security, server.Address), admin)
	})
	readEverything(t, secured(security, server.Address))
	expectNothingDenied(t, admin)
}

func TestStoreAsTheDocumentedUserOnRedisCluster(t *testing.T) {
	needCluster(t)
	security := redis.NewSecurity(t)
	cluster := security.StartCluster(t, 3, 1)
	admin := cluster.Client(t)
	masters := func(do func(context.Context, *client.Client) error) {
		if err := admin.ForEachMaster(t.Context(), do); err != nil {
			t.Fatal(err)
		}
	}
	storetest.Run(t, func(t *testing.T) storetest.Backend {
		masters(func(ctx context.Context, node *client.Client) error { return node.FlushAll(ctx).Err() })
		return backend(t, secured(security, cluster.Addresses...), admin)
	})
	readEverything(t, secured(security, cluster.Addresses...))
	masters(func(_ context.Context, node *client.Client) error {
		expectNothingDenied(t, node)
		return nil
	})
}

// readEverything does what storetest leaves out.
func readEverything(t *testing.T, cfg sink.Config) {
	t.Helper()
	store := open(t, cfg)
	_, err := store.Sizes(t.Context())
	err = errors.Join(err, store.Members(t.Context(), "a", func(string) error { return nil }))
	_, unknown := store.Profile(t.Context(), 1, "nobody")
	_, empty := store.Outbox(t.Context(), 1, "", 10)
	head, stored := store.CommitDefinitions(t.Context(), sink.DefinitionsHead{}, sink.DefinitionsEdit{Write: map[string]string{"a": "x"}})
	_, changed := store.CommitDefinitions(t.Context(), head, sink.DefinitionsEdit{Write: map[string]string{"a": "y"}, Remove: []string{"b"}})
	err = errors.Join(err, replaceCatalogue(t, store), readDefinitions(t, store))
	if err = errors.Join(err, unknown, empty, stored, changed); err != nil {
		t.Error(err)
	}
}

// replaceCatalogue stores a catalogue, and another table in its place.
func replaceCatalogue(t *testing.T, store *sink.Store) error {
	t.Helper()
	var all error
	for range 2 {
		head, unread := store.DefinitionsHead(t.Context())
		one, unwritten := store.UploadCatalogue(t.Context(), sink.Catalogue{ID: "p", Key: "k"}, []byte("k\n"))
		_, refused := store.CommitDefinitions(t.Context(), head, sink.DefinitionsEdit{Catalogues: map[string]sink.Catalogue{"p": one}})
		all = errors.Join(all, unread, unwritten, refused)
	}
	return all
}

// readDefinitions reads all that is kept of definitions.
func readDefinitions(t *testing.T, store *sink.Store) error {
	t.Helper()
	found, full := store.DefinitionsSince(t.Context(), sink.DefinitionsHead{})
	for _, one := range found.Catalogues {
		_, err := store.CatalogueContent(t.Context(), one)
		full = errors.Join(full, err)
	}
	_, anew := store.DefinitionsSince(t.Context(), sink.DefinitionsHead{Version: 1, Token: "another"})
	_, past := store.PastDefinitions(t.Context(), map[string]int64{"a": 1})
	_, versions := store.DefinitionsVersions(t.Context(), 0, 10)
	return errors.Join(full, anew, past, versions)
}

func expectNothingDenied(t *testing.T, admin *client.Client) {
	t.Helper()
	denied, err := admin.ACLLog(t.Context(), 10).Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range denied {
		t.Errorf("%s was denied %s: %s", d.Username, d.Context, d.Object)
	}
}

// What an operator has to mend is named at once, and no password with it.
func TestRefusalsSayWhatToDo(t *testing.T) {
	security := redis.NewSecurity(t)
	server := security.Start(t, "user poor on >"+redis.Password+" ~m:* -@all +hgetall")
	plaintext := redis.Start(t, "requirepass secret")
	other, err := certificates.New(t.TempDir(), "other")
	if err != nil {
		t.Fatal(err)
	}
	const wrong = "a-wrong-word"
	for name, one := range map[string]struct {
		spoil func(*sink.Config)
		want  string
	}{
		"wrong password":    {func(c *sink.Config) { c.Password = credentials.NewSecret(wrong) }, `redis refuses user "muster": check redis.username and the password`},
		"unknown user":      {func(c *sink.Config) { c.Username = "nobody" }, `redis refuses user "nobody"`},
		"no user":           {func(c *sink.Config) { c.Username, c.Password = "", credentials.Secret{} }, "redis wants a password"},
		"no permission":     {func(c *sink.Config) { c.Username = "poor" }, `redis lets user "poor" not do this: give it the permissions listed in docs/operations.md`},
		"unknown authority": {func(c *sink.Config) { c.TLS.CAFile = other.File }, "(tls.ca_file)"},
		"another name":      {func(c *sink.Config) { c.TLS.ServerName = "elsewhere" }, "set tls.server_name"},
		"no certificate":    {func(c *sink.Config) { c.TLS.CertFile, c.TLS.KeyFile = "", "" }, "set tls.cert_file and tls.key_file"},
		"no file":           {func(c *sink.Config) { c.Password, c.PasswordFile = credentials.Secret{}, "/none" }, "password_file: open /none"},
		"plaintext":         {func(c *sink.Config) { c.TLS = credentials.TLS{} }, "set tls.enabled to true"},
		"TLS on plaintext":  {func(c *sink.Config) { c.Addresses, c.DialTimeout = []string{plaintext.Address}, time.Second }, "set tls.enabled to false"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := secured(security, server.Address)
			cfg.RetryFor = 0
			one.spoil(&cfg)
			_, err := sink.New(t.Context(), cfg)
			if err == nil || !strings.Contains(err.Error(), one.want) || name != "no permission" && !strings.Contains(err.Error(), cfg.Addresses[0]) {
				t.Errorf("got %v\nwant %s", err, one.want)
			}
			if text := fmt.Sprintf("%+v %#v", err, err); strings.Contains(text, wrong) || strings.Contains(text, redis.Password) {
				t.Errorf("the error shows a password: %s", text)
			}
			if hungUp := slices.Contains([]string{"plaintext", "TLS on plaintext", "no certificate"}, name); !hungUp && !sink.NeedsOperator(err) {
				t.Errorf("%v needs no operator", err)
			}
		})
	}
}

// The server's certificate has expired, as far as this machine can tell.
func TestAnExpiredCertificateIsNamed(t *testing.T) {
	security := redis.NewSecurity(t)
	server := security.Start(t)
	expired, err := security.Authority.Issue("expired", time.Now().Add(-time.Minute), "127.0.0.1")
	if err == nil {
		err = server.Client(t).Do(t.Context(), "CONFIG", "SET", "tls-cert-file", expired.CertFile, "tls-key-file", expired.KeyFile).Err()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sink.New(t.Context(), secured(security, server.Address)); err == nil || !strings.Contains(err.Error(), "renew the server's certificate") {
		t.Errorf("got %v", err)
	}
}

// A password and a certificate are changed; connections made from then on
// use them.
func TestRotationNeedsNoRestart(t *testing.T) {
	security := redis.NewSecurity(t)
	server := security.Start(t)
	admin := server.Client(t)
	file := filepath.Join(t.TempDir(), "password")
	write := func(password string) {
		if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(redis.Password)
	cfg := secured(security, server.Address)
	cfg.Password, cfg.PasswordFile, cfg.RetryFor = credentials.Secret{}, file, time.Minute
	store := open(t, cfg)
	cut := func() {
		if err := admin.ClientKillByFilter(t.Context(), "USER", redis.User).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := admin.Do(t.Context(), "ACL", "SETUSER", redis.User, "resetpass", ">the-next-word").Err(); err != nil {
		t.Fatal(err)
	}
	cut()
	if _, err := store.Sizes(t.Context()); !sink.NeedsOperator(err) {
		t.Errorf("the old password gives %v", err)
	}
	write("the-next-word")
	if _, err := store.Sizes(t.Context()); err != nil {
		t.Errorf("the new password gives %v", err)
	}
	if _, err := security.Authority.Issue("redis-client", time.Now().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	cut()
	if _, err := store.Sizes(t.Context()); err == nil || !strings.Contains(err.Error(), "tls.cert_file") {
		t.Errorf("an expired certificate gives %v", err)
	}
	if _, err := security.Authority.Issue("redis-client", time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Sizes(t.Context()); err != nil {
		t.Errorf("a renewed certificate gives %v", err)
	}
}
