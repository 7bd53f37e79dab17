package webhook_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"muster/activation"
	"muster/activation/webhook"
	"muster/credentials"
)

// A receiver verifies a message before it believes it; docs/activation.md
// shows this one.
func Example() {
	const secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		fmt.Println(err)
		return
	}
	receive := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err == nil {
			err = verifier.Verify(body, r.Header)
		}
		if err != nil {
			http.Error(w, "not signed by Muster", http.StatusUnauthorized)
			return
		}
		fmt.Printf("%s: %s\n", r.Header.Get("webhook-id"), body)
		w.WriteHeader(http.StatusNoContent)
	}
	endpoint := httptest.NewServer(http.HandlerFunc(receive))
	defer endpoint.Close()

	sender, err := webhook.New(activation.Webhook{
		URL: endpoint.URL, Secrets: []credentials.Secret{credentials.NewSecret(secret)}, Timeout: 10 * time.Second,
		AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}, "muster")
	if err != nil {
		fmt.Println(err)
		return
	}
	answer := sender.Send(context.Background(), activation.Message{
		ID: "msg_1", Body: []byte(`{"type":"audience.entered","profile":"u1","segment":"vip"}`), ContentType: "application/json",
	})
	fmt.Println(answer.Verdict == activation.Delivered, answer.Status)
	// Output:
	// msg_1: {"type":"audience.entered","profile":"u1","segment":"vip"}
	// true 204
}
