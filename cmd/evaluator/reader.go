package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os/signal"
	"syscall"

	"go.uber.org/zap"

	"muster/config"
	"muster/lookup"
	"muster/rules"
	"muster/service"
	"muster/sink"
)

// reader reads what a deployment keeps in Redis, beside the evaluators at
// work: it opens no shard, writes nothing, and asks for large keys in pages.
type reader struct {
	config config.Config
	store  *sink.Store
	layout sink.Layout
	lookup *lookup.Reader
	set    *rules.Set // the segments of the command, once they are read; nil before
}

// withReader has work read what the deployment of a configuration file keeps,
// until the process is told to end.
func withReader(c console, path string, work func(context.Context, *reader) error) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	r, err := openReader(ctx, c, path)
	if err != nil {
		return err
	}
	defer r.store.Close()
	return work(ctx, r)
}

// openReader connects to the Redis of a configuration file. Close its store.
func openReader(ctx context.Context, c console, path string) (*reader, error) {
	cfg, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	service.LogRedis(zap.NewNop())
	cfg.Redis.Observer.Retried = sayOnce(c)
	store, err := sink.New(ctx, cfg.Redis)
	if err != nil {
		return nil, service.Classify(err)
	}
	layouts, err := store.Layouts(ctx)
	if err != nil {
		return nil, service.Classify(errors.Join(err, store.Close()))
	}
	r := &reader{config: cfg, store: store, layout: layouts.Current}
	r.lookup, err = lookup.New(ctx, store, lookup.Options{
		Partitioner: cfg.Kafka.Partitioner, Events: cfg.Pipeline.Events, Rules: func() *rules.Set { return r.set },
	})
	if err != nil {
		return nil, service.Classify(errors.Join(err, store.Close()))
	}
	return r, nil
}

// ordering gives orders about destinations.
func (r *reader) ordering() service.Ordering {
	return service.Ordering{Store: r.store, Reader: r.lookup}
}

func printJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return wrap("writing output", encoder.Encode(value))
}
