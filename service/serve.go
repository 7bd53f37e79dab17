package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"muster/observe"
	"muster/rules"
	"muster/segments"
)

// Serve is Run with the HTTP port of the configuration, if it has one, and
// with what keeps up with the segments. files are those that the rules of New
// were compiled from, none where the configuration says that segments are in
// Redis. A signal on reload has segments looked at at once. A port that can't
// be listened on is an *UnusableError.
func (s *Service) Serve(ctx context.Context, files []rules.Source, reload <-chan os.Signal) error {
	parts, ctx := errgroup.WithContext(ctx)
	if address := s.config.HTTP.Listen; address != "" {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return unusable(cannotListen("http.listen", address, err))
		}
		s.nameAfter(listener.Addr())
		s.log.Info("serving /metrics, /healthz and /readyz", zap.Stringer("address", listener.Addr()), zap.String("instance", s.config.Kafka.Instance))
		parts.Go(func() error { return observe.Serve(ctx, listener, s.Handler()) })
	}
	if c := s.config.Segments; c.From == segments.FromFiles {
		begun := segments.ContentOf(files)
		watcher := segments.NewWatcher(segments.NewFiles(c.Path, begun), begun, c.Reload, s.rules, s.sample, s.watch.Segments())
		parts.Go(func() error {
			watcher.Run(ctx, reload)
			return nil
		})
	}
	s.reload = reload
	parts.Go(func() error { return s.Run(ctx) })
	return parts.Wait()
}

// nameAfter gives this process the name of its host and of an address that it
// listens on, unless the configuration has another one.
func (s *Service) nameAfter(address net.Addr) {
	host, err := os.Hostname()
	if err != nil {
		s.log.Warn("this host does not tell its name, so kafka.instance is no name; set it", zap.Error(err))
	}
	s.config.Kafka.NameAfter(host, address.String())
}

// cannotListen says what to do about a port that can't be listened on.
func cannotListen(setting, address string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s: %s is taken, perhaps by another evaluator on this host: give each a port of its own, "+
			"or none with \"\": %w", setting, address, err)
	}
	return fmt.Errorf("%s: %s can't be listened on: %w", setting, address, err)
}
