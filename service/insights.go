package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"muster/api"
	"muster/config"
	"muster/cube"
	"muster/insights"
	"muster/observe"
	"muster/rules"
	"muster/segments"
	"muster/sink"
	"muster/snapshot"
)

const (
	// insightsPart is the name under which health knows the profiles.
	insightsPart = "profiles"
	// estimatesEvery is how often an answer on the way is told.
	estimatesEvery = 100 * time.Millisecond
)

// Insights is a process that answers questions about all profiles. It needs no
// Kafka. Make it with NewInsights and Serve it, once.
type Insights struct{ *Service }

// NewInsights returns the process of a configuration that is valid, with the
// segments that questions may mention, as New.
func NewInsights(cfg config.Config, set *rules.Set, log *zap.Logger) *Insights {
	cfg.API.Listen = cfg.Snapshot.Listen
	return &Insights{New(cfg, set, log)}
}

// Check returns what keeps a configuration from being served, as an
// *UnusableError.
func (i *Insights) Check() error {
	if i.config.Redis.TrailMax == 0 {
		return unusable(errors.New("redis.trail_max is 0, so evaluators do not say which profiles they touch, and nothing can be kept fresh: " +
			"set it to 5000 in the configuration of the evaluators and here, and start them again"))
	}
	if err := errors.Join(i.config.API.Validate(), i.config.API.CheckFiles()); err != nil {
		return unusable(fmt.Errorf("api, for %s of snapshot.listen: %w", i.config.API.Listen, err))
	}
	return nil
}

// Serve reads all profiles, keeps them fresh and answers questions until ctx
// ends. files and reload are those of Service.Serve.
func (i *Insights) Serve(ctx context.Context, files []rules.Source, reload <-chan os.Signal) error {
	if err := i.Check(); err != nil {
		return err
	}
	port, err := i.openPort(ctx, "snapshot.listen")
	if err != nil {
		return err
	}
	defer port.close()
	i.reload = reload
	parts, ctx := errgroup.WithContext(ctx)
	if err := i.serveMetrics(ctx, parts); err != nil {
		return err
	}
	i.watch.Health().Wait(redisPart, "not reached yet")
	i.watch.Health().Wait(insightsPart, "not read yet")
	parts.Go(func() error { return endedBy(ctx, i.serve(ctx, files, port)) })
	return parts.Wait()
}

// serveMetrics serves /metrics, /healthz and /readyz, if they are asked for.
func (i *Insights) serveMetrics(ctx context.Context, parts *errgroup.Group) error {
	address := i.config.Snapshot.Metrics
	if address == "" {
		return nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return unusable(cannotListen("snapshot.metrics", address, err))
	}
	i.log.Info("serving /metrics, /healthz and /readyz", zap.Stringer("address", listener.Addr()))
	handler := i.watch.Handler()
	parts.Go(func() error { return observe.Serve(ctx, listener, handler) })
	return nil
}

// serve follows the profiles, and opens the port once there is something to
// answer with.
func (i *Insights) serve(ctx context.Context, files []rules.Source, port *port) error {
	store, err := i.openStore(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	watcher, err := i.watchSegments(ctx, store, files)
	if err != nil {
		return err
	}
	i.watch.Health().Ready(startPart)
	c := i.config.Snapshot
	follower := snapshot.NewFollower(store, c, i.followingFailed)
	desk := snapshot.NewDesk(follower.Current, c.Questions, estimatesEvery)
	p := &previews{Plans: snapshot.NewPlans(func() *rules.Set { return i.rules.Current().Set }), desk: desk, marks: snapshot.NewMarks(store, c)}
	answers := i.answering(store, follower, p)
	p.refused = i.watch.Insights(func() observe.InsightsState { return stateOf(follower, desk, answers) })
	server, err := api.NewInsights(i.config.API, api.Parts{
		Version: i.Agent, Log: i.log.Named("api"), Audit: i.Audit, Health: i.watch.Health(), Observer: i.observeAPI(),
	}, p, answers)
	if err != nil {
		return unusable(err)
	}
	port.Open(server)
	i.watch.Health().Ready(apiPart)
	i.log.Info("serving questions", zap.Stringer("address", port.address), zap.Bool("tls", i.config.API.TLS.Enabled()))
	if i.Serving != nil {
		i.Serving(port.address)
	}
	return i.follow(ctx, follower, watcher, port)
}

// answering returns what answers questions about audiences and cubes. It counts
// those that are refused with those of previews.
func (i *Insights) answering(store *sink.Store, follower *snapshot.Follower, p *previews) *insights.Desk {
	return insights.NewDesk(insights.Parts{
		Columns: snapshot.NewKeptColumns(follower.Current, i.config.Snapshot),
		Compile: func(ctx context.Context, rule string) (*snapshot.Question, error) { return p.OfRule(ctx, rule, false) },
		Marks:   p.marks, Cubes: i.declaredCubes, Store: store, Waiting: i.config.Snapshot.Questions,
		Refused: func() { p.refused() },
	})
}

// declaredCubes reads the declarations, for each question: there are few of either.
func (i *Insights) declaredCubes() ([]*cube.Cube, error) {
	if i.Cubes == nil {
		return nil, nil
	}
	return i.Cubes()
}

// follow runs what goes on until ctx ends.
func (i *Insights) follow(ctx context.Context, follower *snapshot.Follower, watcher *segments.Watcher, port *port) error {
	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error { return follower.Run(ctx) })
	parts.Go(func() error {
		watcher.Run(ctx, i.reload)
		return nil
	})
	parts.Go(func() error {
		i.tellFresh(ctx, follower)
		return nil
	})
	parts.Go(func() error { return port.await(ctx) })
	return parts.Wait()
}

// watchSegments keeps up with the segments that questions may mention.
func (i *Insights) watchSegments(ctx context.Context, store *sink.Store, files []rules.Source) (*segments.Watcher, error) {
	if watcher, err := i.takeDefinitions(ctx, store); watcher != nil || err != nil {
		return watcher, err
	}
	c, begun := i.config.Segments, segments.ContentOf(files)
	return segments.NewWatcher(segments.NewFiles(c.Path, begun), begun, c.Reload, i.rules, i.sample, i.watch.Segments()), nil
}

// followingFailed tells of what can't be read: it is tried again, unless somebody
// has to change something.
func (i *Insights) followingFailed(err error) error {
	if !waitingMends(err) {
		return unusable(err)
	}
	i.watch.Health().Wait(redisPart, reasonOf(err))
	i.log.Warn("profiles can't be followed, trying again", zap.Error(err))
	return nil
}

// tellFresh tells health and the log how fresh the profiles are.
func (i *Insights) tellFresh(ctx context.Context, follower *snapshot.Follower) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	late, filled := 2*i.config.Snapshot.Staleness, false
	old := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		fresh := follower.Current()
		if fresh == nil {
			continue
		}
		if !filled {
			filled = true
			i.watch.Health().Ready(insightsPart)
			i.log.Info("the profiles are read", zap.Int64("held", fresh.Held()), zap.Int64("profiles", fresh.All()), zap.Int64("bytes", fresh.Bytes()))
		}
		age := time.Since(fresh.AsOf)
		if age < late {
			i.watch.Health().Ready(redisPart)
		}
		if (age > late) != old {
			old = !old
			i.tellAge(old, age)
		}
	}
}

// tellAge tells of profiles that have become too old, or fresh again.
func (i *Insights) tellAge(old bool, age time.Duration) {
	if !old {
		i.watch.Health().Clear(insightsPart)
		i.log.Info("the profiles are fresh again")
		return
	}
	i.watch.Health().Note(insightsPart, "they are older than snapshot.staleness says; muster_insights_age_seconds tells how old")
	i.log.Warn("the profiles are older than snapshot.staleness says: shards are read anew, Redis is slow, or more is touched than is read; "+
		"is redis.trail_max set for every evaluator?", zap.Duration("age", age), zap.Duration("staleness", i.config.Snapshot.Staleness))
}

func stateOf(follower *snapshot.Follower, desk *snapshot.Desk, answers *insights.Desk) (s observe.InsightsState) {
	if fresh := follower.Current(); fresh != nil {
		s.Held, s.Profiles, s.Bytes, s.Age = fresh.Held(), fresh.All(), fresh.Bytes(), time.Since(fresh.AsOf)
	}
	s.Waiting, s.Running, s.Askers = desk.Waiting()
	s.Touched, s.Rereads = follower.Touched.Load(), follower.Rereads.Load()
	s.Scans, s.Answers = desk.Scans.Load(), desk.Answers.Load()+answers.Answers.Load()
	waiting, running := answers.Waiting()
	s.Waiting, s.Running, s.Askers = s.Waiting+waiting, s.Running+running, s.Askers+waiting+running
	return s
}

// previews are what the API asks.
type previews struct {
	*snapshot.Plans
	desk    *snapshot.Desk
	marks   *snapshot.Marks
	refused func()
}

// Ask implements api.Previews.
func (p *previews) Ask(ctx context.Context, q *snapshot.Question, priority snapshot.Priority, to api.PreviewListener) error {
	begin := func(fresh *snapshot.Fresh) error {
		lacks, err := fresh.Lacks(ctx, q, p.marks)
		if err != nil {
			return err
		}
		return to.Begin(snapshot.Begun{Held: fresh.Held(), Profiles: fresh.All(), Age: time.Since(fresh.AsOf).Milliseconds(), Lacks: lacks})
	}
	err := p.desk.Ask(ctx, q, priority, snapshot.Listener{Begin: begin, Tell: to.Tell, Wait: to.Wait})
	var full *snapshot.FullError
	if errors.As(err, &full) {
		p.refused()
	}
	return err
}
