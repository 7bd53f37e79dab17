package access_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/api/access"
)

// limit is one that no test reaches by accident.
var limit = access.Limit{Rate: 1e6, Burst: 1e6}

func create(t *testing.T, name string, scopes ...access.Scope) (secret, line string) {
	t.Helper()
	secret, token, err := access.Create(name, scopes)
	if err != nil {
		t.Fatal(err)
	}
	return secret, token.Line()
}

func keys(t *testing.T, o access.Options) *access.Keys {
	t.Helper()
	k, err := access.NewKeys(o)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestTokensAllowWhatTheirScopesSay(t *testing.T) {
	reader, first := create(t, "reader", access.Read)
	shop, second := create(t, "shop", access.Ingest, access.Write)
	k := keys(t, access.Options{Text: "# those of the shop\n\n" + first + "\r\n" + second, Limit: limit})
	for _, scope := range access.Scopes() {
		if got, want := k.Allows(reader, scope), scope == access.Read; got != want {
			t.Errorf("reader, %s: %v", scope, got)
		}
		if got, want := k.Allows(shop, scope), scope == access.Ingest || scope == access.Write; got != want {
			t.Errorf("shop, %s: %v", scope, got)
		}
		for _, wrong := range []string{"", "reader", first, reader[:len(reader)-1], reader + "x", strings.ToUpper(reader)} {
			if k.Allows(wrong, scope) {
				t.Errorf("%q is allowed to %s", wrong, scope)
			}
		}
	}
}

func TestSecretsAreNewAndNotKept(t *testing.T) {
	one, line := create(t, "a", access.Read)
	two, _ := create(t, "a", access.Read)
	if one == two || len(one) != len("muster_")+43 || strings.Contains(line, one) {
		t.Errorf("%q, %q, line %q", one, two, line)
	}
	for _, name := range []string{"", "-a", "a b", "a\n", strings.Repeat("a", 65)} {
		if _, _, err := access.Create(name, access.Scopes()); err == nil {
			t.Errorf("the name %q is taken", name)
		}
	}
	if _, _, err := access.Create("a", nil); err == nil {
		t.Error("a token without a scope is made")
	}
}

func TestUnusableTokensAreNamedAndNotShown(t *testing.T) {
	secret, line := create(t, "a", access.Read)
	_, other := create(t, "a", access.Read)
	hash := line[strings.LastIndex(line, " ")+1:]
	for text, want := range map[string]string{
		"":                              "there are none; make one with evaluator token create",
		"# nothing\n":                   "there are none",
		"\n" + secret:                   "line 2: it is not name, scopes and hash",
		"a read " + secret:              "line 1: the third word is not sha256:",
		"a read sha256:00":              "line 1: the third word is not sha256:",
		"a reed " + hash:                `line 1: "reed" is no scope`,
		"a read, " + hash:               `line 1: "" is no scope`,
		"ä read " + hash:                `line 1: "ä" is no name`,
		line + "\n" + line + "\n":       "line 2: line 1 has the name a already",
		line + "\nb" + line[1:] + "\n":  "line 2: line 1 has the same token already",
		line + "\n" + other:             "line 2: line 1 has the name a already",
		strings.Repeat("a reed x\n", 3): `line 3: "reed" is no scope`,
	} {
		_, err := access.NewKeys(access.Options{Text: text, Limit: limit})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%q gives %v, not %q", text, err, want)
		}
	}
	if _, err := access.NewKeys(access.Options{File: "/no/such/file"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
	file := write(t, filepath.Join(t.TempDir(), "tokens"), line)
	if _, err := access.NewKeys(access.Options{File: file, Text: other}); err == nil || !strings.Contains(err.Error(), "the name a stands in") {
		t.Errorf("one name in the setting and the file gives %v", err)
	}
	if _, err := access.NewKeys(access.Options{File: write(t, file, strings.Repeat("#", 1<<20+1))}); err == nil {
		t.Error("a file over the bound is read")
	}
	text := &strings.Builder{}
	for i := range 1001 {
		_, one := create(t, "t"+strings.Repeat("x", i%50)+string(rune('a'+i/50)), access.Read)
		text.WriteString(one + "\n")
	}
	if _, err := access.Parse(text.String()); err == nil || !strings.Contains(err.Error(), "there are 1001 tokens; there may be 1000") {
		t.Errorf("1001 tokens give %v", err)
	}
}

func write(t *testing.T, file, text string) string {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// A token that is added to the file is good and one that is taken out is not,
// without a restart. A mistake leaves the tokens before in force.
func TestAFileOfTokensIsReadAgain(t *testing.T) {
	before, first := create(t, "before", access.Read)
	after, second := create(t, "after", access.Read)
	file := write(t, filepath.Join(t.TempDir(), "tokens"), first)
	told := make(chan error, 10)
	k := keys(t, access.Options{File: file, Limit: limit, Changed: func(_ int, err error) { told <- err }})
	write(t, file, "nonsense")
	await(t, "the mistake to be told", func() bool {
		if !k.Allows(before, access.Read) {
			t.Fatal("a mistake takes the tokens away")
		}
		return len(told) > 0
	})
	if err := <-told; err == nil || !strings.Contains(err.Error(), file+": line 1") {
		t.Errorf("told: %v", err)
	}
	write(t, file, second)
	await(t, "the new token", func() bool { return k.Allows(after, access.Read) })
	if k.Allows(before, access.Read) {
		t.Error("the token that was taken out is good")
	}
	if err := <-told; err != nil || len(told) > 0 {
		t.Errorf("told: %v, and %d more", err, len(told))
	}
}

// await fails the test when a condition does not come true within a minute.
func await(t *testing.T, what string, met func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !met(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// asked sends a request through a guard and returns the answer.
func asked(g *access.Guard, change func(*http.Request)) *http.Response {
	r := httptest.NewRequest(http.MethodGet, "http://muster.internal/v1/segments", http.NoBody)
	change(r)
	recorder := httptest.NewRecorder()
	g.Wrap(access.Read, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Holder", access.HolderOf(r.Context()).Name)
	})).ServeHTTP(recorder, r)
	return recorder.Result()
}

func TestGuardLetsOnlyGoodTokensPass(t *testing.T) {
	reader, first := create(t, "reader", access.Read)
	shop, second := create(t, "shop", access.Ingest)
	g := &access.Guard{Keys: keys(t, access.Options{Text: first + "\n" + second, Limit: limit})}
	for header, want := range map[string]int{
		"": 401, "Bearer": 401, "Bearer ": 401, "Bearer x": 401, "Basic " + reader: 401, reader: 401,
		"Bearer " + shop: 403, "Bearer " + reader: 200, "bearer  " + reader: 200,
	} {
		answer := asked(g, func(r *http.Request) { r.Header.Set("Authorization", header) })
		if answer.StatusCode != want || (answer.Header.Get("Holder") == "reader") != (want == 200) ||
			(answer.Header.Get("WWW-Authenticate") != "") != (want == 401) {
			t.Errorf("%q gives %d and %v", header, answer.StatusCode, answer.Header)
		}
		if want != 200 && answer.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%q gives %v", header, answer.Header)
		}
	}
	g.Key = access.BasicUser
	if answer := asked(g, func(r *http.Request) { r.SetBasicAuth(reader, "") }); answer.StatusCode != 200 {
		t.Errorf("as user name: %d", answer.StatusCode)
	}
}

// Without tokens, what is not asked for by a name of this machine is refused:
// it may come from a page in a browser.
func TestGuardWithoutTokensTakesOnlyThisMachine(t *testing.T) {
	g := &access.Guard{Anonymous: access.Anonymous(limit)}
	for host, want := range map[string]int{
		"localhost:8081": 200, "LOCALHOST": 200, "127.0.0.1:1": 200, "127.9.9.9": 200, "[::1]:1": 200, "[::1]": 200,
		"evil.example:8081": 403, "localhost.evil.example": 403, "10.0.0.1": 403, "": 403,
	} {
		if answer := asked(g, func(r *http.Request) { r.Host = host }); answer.StatusCode != want {
			t.Errorf("%q gives %d", host, answer.StatusCode)
		}
	}
}

// One holder can't use up what another may ask.
func TestEachTokenHasALimitOfItsOwn(t *testing.T) {
	greedy, first := create(t, "greedy", access.Read)
	modest, second := create(t, "modest", access.Read)
	g := &access.Guard{Keys: keys(t, access.Options{Text: first + "\n" + second, Limit: access.Limit{Rate: 1e-3, Burst: 3}})}
	ask := func(token string) *http.Response {
		return asked(g, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) })
	}
	for i := range 5 {
		answer := ask(greedy)
		if want := 200; i < 3 && answer.StatusCode != want || i >= 3 && (answer.StatusCode != 429 || answer.Header.Get("Retry-After") == "") {
			t.Errorf("request %d: %d, %v", i, answer.StatusCode, answer.Header)
		}
	}
	if answer := ask(modest); answer.StatusCode != 200 {
		t.Errorf("the other token: %d", answer.StatusCode)
	}
}

// Reading the file again gives nobody a new limit.
func TestALimitOutlivesTheFile(t *testing.T) {
	greedy, first := create(t, "greedy", access.Read)
	_, second := create(t, "second", access.Read)
	file := write(t, filepath.Join(t.TempDir(), "tokens"), first)
	k := keys(t, access.Options{File: file, Limit: access.Limit{Rate: 1e-3, Burst: 1}})
	if _, ok := k.Find(greedy).Take(time.Now()); !ok {
		t.Fatal("the first request is refused")
	}
	write(t, file, first+"\n"+second)
	await(t, "the second token", func() bool { k.Find(greedy); return k.Len() == 2 })
	if wait, ok := k.Find(greedy).Take(time.Now()); ok || wait <= 0 {
		t.Errorf("the limit is new: %s, %v", wait, ok)
	}
}
