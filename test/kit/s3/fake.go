package s3

import (
	"context"
	"fmt"
	"net/http"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"muster/test/kit/port"
)

// Fake is a gofakes3 that keeps its objects in memory.
type Fake struct {
	// Handler answers requests. A test may put something before it while no
	// request is under way.
	Handler http.Handler

	port   *port.Port
	server *http.Server
	ended  chan struct{}
}

// StartFake starts an empty fake server.
func StartFake() (*Fake, error) {
	p, err := port.New()
	if err != nil {
		return nil, err
	}
	f := &Fake{Handler: gofakes3.New(s3mem.New(), gofakes3.WithTimeSkewLimit(0)).Server(), port: p}
	if err := f.Restart(context.Background()); err != nil {
		p.Release()
		return nil, err
	}
	return f, nil
}

// Endpoint returns the server's address.
func (f *Fake) Endpoint() string { return "http://" + f.port.Address() }

// Restart listens again where it did before.
func (f *Fake) Restart(context.Context) error {
	listener, err := f.port.Listen()
	if err != nil {
		return fmt.Errorf("starting a fake S3: %w", err)
	}
	f.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.Handler.ServeHTTP(w, r) })}
	f.ended = make(chan struct{})
	go func() {
		defer close(f.ended)
		_ = f.server.Serve(listener) // ends with Kill
	}()
	return nil
}

// Kill closes the listener and every connection.
func (f *Fake) Kill() error {
	err := f.server.Close()
	<-f.ended
	return err
}

func (f *Fake) release() { f.port.Release() }
