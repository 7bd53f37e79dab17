package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"muster/cmd/evaluator/rehearsal"
	"muster/config"
	"muster/segments"
)

type rehearseCommand struct {
	Config   string        `short:"c" placeholder:"FILE" help:"Configuration file. Default: every setting's default."`
	Segments string        `placeholder:"FILE|DIR" help:"Segment file, or folder of *.yaml files. Default: segments.path of the configuration."`
	Sample   string        `required:"" placeholder:"FILE" help:"Events as one JSON object a line, plain, .gz or .zst; - is standard input. At most 256 MB are used."`
	For      time.Duration `default:"10s" help:"How long to play the sample, 10ms to 1h."`
	Events   int           `default:"2000000" help:"End sooner, when so many events were measured."`
	Profiles int           `default:"1000000" help:"Customers that the sizing table is for."`
	Output   string        `enum:"text,json" default:"text" help:"How to print the figures: ${enum}."`
}

// Help is shown by --help.
func (rehearseCommand) Help() string {
	return `Says what your segments and your events cost on this machine, and what a deployment
for 1,000 to 1,000,000 events a second needs. No servers are used.

The sample is played again and again, with message ids and times moved on: once to make
the profiles, and then to measure. Take all events of some of your customers over some
hours or days, 10,000 at least. Of some events of all customers, profiles come out too
small; of few customers, a batch has the same ones again and again, which is cheap.
Figures are CPU, not time, so other work on the machine matters little.

Stages, in microseconds of CPU an event:

    read     taking records out of memory, kafka.batch_records at a time; Kafka's
             client and the network are not in it
    decode   JSON into events
    load     finding profiles that are not in memory (pipeline.cache_bytes) and decoding
             their stored form; it comes from this process, not from Redis
    apply    merging events into profiles, measured by itself over the same events
    match    all else that an event does: rules, timers, gathering changes
    commit   encoding profiles and gathering what would be sent; Redis' client is not
             in it
    gc       garbage collection beside the others; this command's own is in it

The sizing table adds what clients and Redis took on the machine of docs/scaling.md,
by profiles written, loaded and memberships changed. It leaves half of every core
free. Redis' memory is that of --profiles like yours, without replicas, and of outboxes
that are full (redis.outbox_max); reach comes on top, by segment and day kept
(redis.reach_days, of which redis.reach_full_days are not packed).

Examples:

    # three days of one customer in a hundred, by the last two digits of their ids
    zcat events-2026-11-1[0-2].gz | grep -E '"userId":"[0-9]*42"' > sample.ndjson
    evaluator rehearse -c muster.yaml --sample sample.ndjson --profiles 5000000

    # what do twice as many segments cost? figures for a program
    evaluator rehearse --segments twice/ --sample sample.ndjson --for 1m --output json

With --output json every figure has its unit in its name: us_event is microseconds
an event, events_s events a second, bytes and gb (a billion bytes) are memory. More
names may come; those that are there stay. All figures but those of CPU are the same
in every run that ends by --events.

Exit code: 0 when measured, 2 when the configuration, the segments or the sample can't
be used.`
}

// Bounds of --for.
const (
	shortestRehearsal = 10 * time.Millisecond
	longestRehearsal  = time.Hour
)

// Run measures and prints.
func (cmd *rehearseCommand) Run(c console) error {
	if err := cmd.validate(); err != nil {
		return unusable(err)
	}
	cfg := config.Default()
	if cmd.Config != "" {
		var err error
		if cfg, err = readConfig(cmd.Config); err != nil {
			return err
		}
	}
	if cmd.Segments != "" {
		cfg.Segments.Path = cmd.Segments
	} else if cfg.Segments.From == segments.FromRedis {
		return unusable(errors.New("segments.from is redis: name segment files with --segments, as evaluator segments export writes them"))
	}
	set, err := loadSegments(cfg.Segments.Path)
	if err != nil {
		return err
	}
	sample, err := cmd.read(&cfg, c.in)
	if err != nil {
		return err
	}
	show := &rehearsalProgress{out: c.err, live: isTerminal(c.err)}
	figures, err := rehearsal.Play(set, sample, rehearsal.Options{
		Pipeline: cfg.Pipeline, Batch: cfg.Kafka.BatchRecords, Events: cmd.Events, For: cmd.For, Progress: show.tick,
		Plan: rehearsal.Deployment{Profiles: cmd.Profiles, OutboxMax: cfg.Redis.OutboxMax, ReachDays: cfg.Redis.ReachDays, FullDays: cfg.Redis.ReachFullDays},
	})
	show.clear()
	if err != nil {
		return unusable(fmt.Errorf("playing %s: %w", cmd.Sample, err))
	}
	return printFigures(c.out, figures, cmd)
}

func (cmd *rehearseCommand) validate() error {
	switch {
	case cmd.Config == "" && cmd.Segments == "":
		return errors.New("there are no segments: name them with --segments DIR, or a configuration with -c FILE")
	case cmd.For < shortestRehearsal || cmd.For > longestRehearsal:
		return fmt.Errorf("--for is %s; it must be between 10ms and 1h", cmd.For)
	case cmd.Events < 1:
		return fmt.Errorf("--events is %d; it must be at least 1", cmd.Events)
	case cmd.Profiles < 1:
		return fmt.Errorf("--profiles is %d; it must be at least 1", cmd.Profiles)
	}
	return nil
}

// read reads the sample, and refuses one that has nothing to play.
func (cmd *rehearseCommand) read(cfg *config.Config, in io.Reader) (*rehearsal.Sample, error) {
	limit := cfg.Pipeline.Events.MaxBytes
	sample, err := rehearsal.NewSample(cfg.Pipeline.Events)
	if err != nil {
		return nil, err
	}
	lines, err := openLines(cmd.Sample, in, limit)
	if err != nil {
		return nil, err
	}
	defer lines.close()
	for number, more := 1, true; more; number++ {
		line, size, err := lines.next()
		switch {
		case errors.Is(err, io.EOF):
			more = false
		case err != nil:
			return nil, unusable(fmt.Errorf("reading events from %s after line %d: %w", cmd.Sample, number-1, err))
		case size > len(line):
			sample.Refuse(number, fmt.Sprintf("record: %d bytes, the limit is %d", size, limit))
		case size > 0:
			more = sample.Add(number, line)
		}
	}
	if sample.Events() > 0 {
		return sample, nil
	}
	if refused := sample.Refusals(); len(refused) > 0 {
		return nil, unusable(fmt.Errorf("%s holds no event that can be used: %s:%d: %s", cmd.Sample, cmd.Sample, refused[0].Line, refused[0].Reason))
	}
	return nil, unusable(fmt.Errorf("%s is empty: a sample is events as one JSON object a line, as evaluator replay reads them", cmd.Sample))
}

// rehearsalProgress tells people how far a rehearsal is.
type rehearsalProgress struct {
	out  io.Writer
	live bool // somebody is looking
	last time.Time
}

func (p *rehearsalProgress) tick(events int, part string) {
	if !p.live || time.Since(p.last) < progressEvery {
		return
	}
	p.last = time.Now()
	_, _ = fmt.Fprintf(p.out, "\r\x1b[K%s: %d events", part, events)
}

func (p *rehearsalProgress) clear() {
	if p.live {
		_, _ = fmt.Fprint(p.out, "\r\x1b[K")
	}
}
