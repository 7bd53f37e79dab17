package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"go.uber.org/zap"

	"muster/config"
	"muster/profile"
	"muster/service"
	"muster/sink"
	"muster/spelling"
	"muster/stream"
)

// reader reads what a deployment keeps in Redis, beside the evaluators at
// work: it opens no shard, writes nothing, and asks for large keys in pages.
type reader struct {
	config config.Config
	store  *sink.Store
	layout sink.Layout
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
	return &reader{cfg, store, layouts.Current}, nil
}

// shardOf returns the shard that a profile belongs to.
func (r *reader) shardOf(id string) (int, error) {
	partitioner, err := stream.NewPartitioner(r.config.Kafka.Partitioner, r.layout.Shards)
	if err != nil {
		return 0, unusable(err)
	}
	return partitioner.Partition(id), nil
}

// known returns the ids of all segments that there were ever, those without a
// member too: a shard numbers all that its rules have.
func (r *reader) known(ctx context.Context) ([]string, error) {
	for shard := range r.layout.Shards {
		seen, err := r.store.Glance(ctx, shard)
		if err != nil {
			return nil, service.Classify(err)
		}
		if len(seen.Names) == 0 {
			continue // no record has come to this one yet
		}
		var ids []string
		for _, name := range seen.Names {
			if id, ok := profile.SegmentName(name); ok {
				ids = append(ids, id)
			}
		}
		return ids, nil
	}
	return nil, nil
}

// unknownSegment returns an error that names the near ones when there is no
// segment of that id.
func (r *reader) unknownSegment(ctx context.Context, id string) error {
	known, err := r.known(ctx)
	if err != nil || slices.Contains(known, id) {
		return err
	}
	const most = 5
	text := fmt.Sprintf("redis knows no segment %s", id)
	if near := spelling.Near(id, known, most); len(near) > 0 {
		text += "; near it are " + strings.Join(near, ", ")
	}
	return unusable(errors.New(text))
}

// shown is a name as it can be shown on a terminal: as it is, or quoted where
// it holds what is not for eyes.
func shown(name string) string {
	quoted := strconv.Quote(name)
	if name != "" && quoted[1:len(quoted)-1] == name {
		return name
	}
	return quoted
}

func printJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return wrap("writing output", encoder.Encode(value))
}
