package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/test/e2e/stack"
)

// TestTraitsAreSentAlong has a destination ask for some traits: a message has
// those that the profile has, and no others.
func TestTraitsAreSentAlong(t *testing.T) {
	stack.Beside(t)
	bodies := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if body, err := io.ReadAll(request.Body); err == nil {
			bodies <- string(body)
		}
	}))
	defer server.Close()
	asked := destination(server.URL, secretFile(t), 1) + "    traits: [email, address.city, '[\"first name\"]', gone]\n"
	s := stack.Start(t, stack.Options{Shards: 1, Segments: "segments:\n  - {id: vip, rule: traits.vip == true}\n", Destinations: asked})
	s.Init()
	s.Run()
	s.Produce(&kgo.Record{Topic: s.Keyed, Key: []byte("u1"), Value: fmt.Appendf(nil, `{"type":"identify","userId":"u1","timestamp":"2026-11-01T10:00:00Z",`+
		`"traits":{"vip":true,"email":"a@example.com","phone":"secret","first name":"Ada","address":{"city":"Bonn","street":"secret"}}}`)})
	s.Await("the message", stack.Patience, func() error {
		if len(bodies) == 0 {
			return fmt.Errorf("nothing has come")
		}
		return nil
	})
	body := <-bodies
	if want := `"traits":{"address":{"city":"Bonn"},"email":"a@example.com","first name":"Ada"}}`; !strings.HasSuffix(body, want) || strings.Contains(body, "secret") {
		t.Errorf("the body is %s", body)
	}
	activate(t, s, `"traits":{}}`, "test", "crm")
}
