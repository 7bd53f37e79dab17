package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"go.uber.org/zap"

	"muster/cube"
	"muster/observe"
	"muster/service"
)

type insightsServeCommand struct {
	Config string `short:"c" required:"" placeholder:"FILE" help:"Configuration file, as the evaluators have it."`
}

// Help is shown by --help.
func (insightsServeCommand) Help() string {
	return `Reads all profiles from Redis, or a random sample of them that fits snapshot.memory, keeps
them fresh, and answers questions about them: how many customers a rule would have, at once
as an estimate and then exactly; what sets an audience apart; how segments overlap; and the
reach of cubes. It is a process of its own, beside the evaluators, and needs Redis alone.
SIGTERM and SIGINT end it; it keeps nothing.

    evaluator insights serve -c muster.yaml
    evaluator preview --server https://muster.internal:8091 --rule 'traits.plan == "pro"'
    evaluator insights profile --server https://muster.internal:8091 --audience buyers

The configuration needs two things. redis.trail_max, as 5000, has evaluators say which
profiles they touch: what they commit is known here within snapshot.staleness, 5 s. Set it
for all evaluators and start them again. Tokens are those of the API (api.tokens_file, or
api.insecure): make one with evaluator token create --name insights --scope read.

    snapshot.listen       where questions are asked over HTTP, :8091
    snapshot.metrics      where /metrics, /healthz and /readyz are, :8092
    snapshot.memory       bytes of profiles that are held
    snapshot.questions    how many different questions may wait; more get 429

/readyz answers 200 once all profiles were read. See docs/insights.md.

Exit code: 0 when stopped, 1 when leaving took too long, 2 when the configuration, the
segments, or what Redis holds can't be used, as after a reshard.`
}

// Run serves.
func (cmd *insightsServeCommand) Run(c console) error {
	cfg, err := readConfig(cmd.Config)
	if err != nil {
		return err
	}
	files, set, err := beginWith(&cfg)
	if err != nil {
		return err
	}
	if _, err := readCubes(&cfg); err != nil {
		return err
	}
	log, err := observe.NewLogger(cfg.Log, c.err)
	if err != nil {
		return unusable(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	s := service.NewInsights(cfg, set, log)
	s.Agent, s.Audit = agent, observe.NewAudit(cfg.Log, c.err)
	s.Cubes = func() ([]*cube.Cube, error) { return readCubes(&cfg) }
	if err := s.Check(); err != nil {
		return err
	}
	log.Info("starting insights", zap.Strings("redis", cfg.Redis.Addresses), zap.Int64("memory", cfg.Snapshot.Memory), zap.Duration("staleness", cfg.Snapshot.Staleness))
	return within(ctx, stop, leaveWithin, log, func() error { return s.Serve(ctx, files, reload) })
}
