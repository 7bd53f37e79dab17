package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"muster/config"
	"muster/history"
	"muster/history/archive"
	"muster/history/files"
	"muster/rules"
)

var errNoSegments = unusable(errors.New("which segments is history for? Name their file or folder with -f"))

// backfillCommand replays archives of events.
type backfillCommand struct {
	Start  backfillStart  `cmd:"" help:"Bring an archive into a running service, or tell who is in which segment at an instant."`
	Keep   backfillKeep   `cmd:"" help:"Bring history by itself for segments with backfill: auto, whenever they want some."`
	Plan   backfillPlan   `cmd:"" help:"Cut a request into tasks, for many machines."`
	Task   backfillTask   `cmd:"" help:"Do one task of a plan."`
	Gather backfillGather `cmd:"" help:"Write what comes out, once all tasks of a plan are done."`
	Worker backfillWorker `cmd:"" help:"Do tasks of requests that were started with --engine temporal."`
	List   backfillList   `cmd:"" help:"List the requests of a work directory."`
	Status backfillStatus `cmd:"" help:"Show how far a request is, and what came of it."`
	Cancel backfillCancel `cmd:"" help:"Stop a request; what was made stays."`
	Resume backfillResume `cmd:"" help:"Go on with a request that was killed, cancelled, or failed."`
	Clean  backfillClean  `cmd:"" help:"Remove from a work directory what no request has used for a while."`
	Graph  backfillGraph  `cmd:"" help:"Draw what a start would do: what is there, what would be made, and why."`
}

// Help is shown by --help.
func (backfillCommand) Help() string {
	return `A backfill replays an archive of events, in S3 or in a folder, through the engine that
runs live. See docs/backfill.md, and docs/archives.md for what can be read.

What start is asked for is a request, and its work directory knows it by its id:

    evaluator backfill start ... --work work   # prints how far it is, on a terminal
    evaluator backfill status --work work --watch
    evaluator backfill cancel 3f2a --work work
    evaluator backfill resume 3f2a --work work`
}

// backfillRequest are the flags that say what is asked for.
type backfillRequest struct {
	Config   string  `short:"c" placeholder:"FILE" help:"Configuration file: of the service, and for the section archive and the limits of pipeline. Default, with --dry-run: every setting's default."`
	Segments string  `short:"f" placeholder:"FILE|DIR" help:"Segment file, or folder of *.yaml files."`
	Archive  string  `placeholder:"LOCATION" help:"s3://bucket/prefix, file:///folder or a folder. Default: archive.location of the configuration."`
	Layout   string  `placeholder:"NAME" help:"segment, rudderstack, confluent, firehose or glob. Default: archive.layout of the configuration."`
	Match    string  `placeholder:"PATTERN" help:"Keys that layout glob reads, as events/{yyyy}/{mm}/{dd}/*.gz."`
	Work     string  `required:"" placeholder:"LOCATION" help:"Work directory: a folder, or s3://bucket/prefix. What is there is not made again."`
	AsOf     instant `placeholder:"TIME" help:"With --dry-run, replay what arrived up to this time, as 2026-11-21T10:00:00Z."`
	From     string  `placeholder:"DAY" help:"Leave out objects of days before this one, as 2025-11-21."`
	To       string  `placeholder:"DAY" help:"Leave out objects of days after this one."`
	OnError  string  `enum:"fail,skip" default:"fail" help:"What to do about objects that can't be read: ${enum}. What of them can be read counts with skip."`
	ReadIDs  bool    `name:"read-ids" help:"Keep messageIds only of events that segments read, for a smaller work directory."`
	Workers  int     `placeholder:"N" help:"Objects or profiles to work on at a time. Default: the number of processors."`
	Memory   int     `default:"64" placeholder:"MB" help:"Memory that each worker sorts events in, 1 to 4096 MB."`
	Relist   bool    `help:"List the archive again, although an unfinished start of this request has done so."`

	members history.MemberFormat // of who writes members
}

// segments reads those that history is for.
func (r *backfillRequest) segments() (*rules.Set, error) {
	if r.Segments == "" {
		return nil, errNoSegments
	}
	return loadSegments(r.Segments)
}

// open reads what the flags name and makes a backfill of it.
func (r *backfillRequest) open(ctx context.Context) (*history.Backfill, error) {
	cfg := config.Default()
	if r.Config != "" {
		var err error
		if cfg, err = readConfig(r.Config); err != nil {
			return nil, err
		}
	}
	if r.AsOf == 0 {
		return nil, unusable(errors.New("up to when is to be replayed? Name it with --as-of TIME, as 2026-11-21T10:00:00Z"))
	}
	set, err := r.segments()
	if err != nil {
		return nil, err
	}
	request, err := r.request(ctx, cfg, set)
	if err != nil {
		return nil, err
	}
	c, err := r.config(ctx, cfg.Archive)
	if err != nil {
		return nil, err
	}
	b, err := history.New(request, c)
	if err != nil {
		return nil, unusable(err)
	}
	return b, nil
}

// request reads what the flags and a configuration say of the archive.
func (r *backfillRequest) request(ctx context.Context, cfg config.Config, set *rules.Set) (*history.Request, error) {
	if err := r.override(&cfg.Archive); err != nil {
		return nil, unusable(err)
	}
	request := &history.Request{Archive: cfg.Archive, AsOf: int64(r.AsOf), Set: set, Limits: cfg.Pipeline, ReadIDs: r.ReadIDs, OnError: history.OnError(r.OnError)}
	request.Members = r.members
	var problems [2]error
	request.From, problems[0] = readDay("from", r.From)
	request.To, problems[1] = readDay("to", r.To)
	if err := errors.Join(problems[:]...); err != nil {
		return nil, unusable(err)
	}
	if cfg.Archive.Location == "" {
		return nil, unusable(errors.New("there is no archive: name it with --archive LOCATION, or a configuration that has one with -c FILE"))
	}
	var err error
	if request.Layout, err = archive.NewLayout(cfg.Archive); err != nil {
		return nil, unusable(err)
	}
	if request.Bucket, request.Prefix, err = archive.OpenBucket(ctx, cfg.Archive.Location, cfg.Archive); err != nil {
		return nil, unusable(err)
	}
	return request, nil
}

// override puts flags in the place of settings.
func (r *backfillRequest) override(c *archive.Config) error {
	for _, one := range []struct {
		flag    string
		setting *string
	}{{r.Archive, &c.Location}, {r.Layout, &c.Layout}, {r.Match, &c.Match}} {
		if one.flag != "" {
			*one.setting = one.flag
		}
	}
	folder, err := filepath.Abs(".") // other machines don't know where this is
	c.Resolve(folder)
	return err
}

// config says how it is done. A work directory in a bucket is reached as the
// archive's settings say.
func (r *backfillRequest) config(ctx context.Context, reach archive.Config) (history.Config, error) {
	c := history.DefaultConfig()
	c.Dir, c.SortBytes, c.Anew = r.Work, r.Memory<<20, r.Relist
	if r.Workers != 0 {
		c.Workers = r.Workers
	}
	if !files.IsBucket(r.Work) {
		return c, nil
	}
	bucket, err := files.OpenBucket(ctx, r.Work, reach)
	if err != nil {
		return c, bucketError(err)
	}
	c.Files = bucket
	return c, nil
}

// bucketError tells the bucket of a work directory that can't be used from one
// that can't be reached now.
func bucketError(err error) error {
	if errors.Is(err, files.ErrLocation) || errors.Is(err, archive.ErrMissing) || errors.Is(err, archive.ErrDenied) {
		return unusable(err)
	}
	return err
}

// readDay reads a day, the zero time of "".
func readDay(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("--%s: %q is not a day; write it as 2026-11-21", flag, text)
	}
	return at, nil
}

// backfillError tells an archive that can't be used from what else fails.
func backfillError(err error) error {
	if errors.Is(err, history.ErrNothing) {
		return unusable(err)
	}
	return err
}
