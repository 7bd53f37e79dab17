package service

import (
	"context"
	"net"

	"muster/api"
)

// apiPart is the name under which health knows the API.
const apiPart = "api"

// port is that of the API, which answers from the start on. A nil one is of a
// service without an API.
type port struct {
	*api.Door
	address net.Addr
	end     context.CancelFunc
	ended   chan struct{}
	err     error // once ended
}

// openPort begins to answer on the port of the API, with problems until there
// is one. The setting is the one that the address is of.
func (s *Service) openPort(ctx context.Context, setting string) (*port, error) {
	address := s.config.API.Listen
	if address == "" {
		return nil, nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, unusable(cannotListen(setting, address, err))
	}
	s.watch.Health().Wait(apiPart, "not served yet")
	p := &port{
		Door:    api.NewDoor(s.config.API, api.Parts{Version: s.Agent, Log: s.log.Named("api"), Observer: s.observeAPI()}),
		address: listener.Addr(), ended: make(chan struct{}),
	}
	ctx, p.end = context.WithCancel(ctx)
	go func() {
		defer close(p.ended)
		p.err = p.Serve(ctx, listener)
	}()
	return p, nil
}

// await waits until ctx ends or answering fails, and then for the last answer.
func (p *port) await(ctx context.Context) error {
	select {
	case <-ctx.Done():
	case <-p.ended:
	}
	p.close()
	return p.err
}

// close ends answering, and returns behind the last answer.
func (p *port) close() {
	if p != nil {
		p.end()
		<-p.ended
	}
}
